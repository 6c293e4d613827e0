import type { NetConnectOpts } from 'node:net';
import { ConfigurationError } from '../../protocol/errors.js';

/** Where a hub listens. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'pipe'; readonly name: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Bytes of a path that every system takes: macOS has 104 with the NUL at the end, Linux 108. */
const LONGEST_PATH = 103;
const FORMS = '`unix:///path/of.sock`, `tcp://host:port` or, on Windows, `pipe://name`';

/**
 * Reads an address: `unix:///path`, `tcp://host:port` (an IPv6 host in brackets) or, on Windows, `pipe://name`. A path is
 * taken as it stands, without percent-encoding. Port 0 is for a hub alone: it takes any that is free.
 *
 * @throws ConfigurationError where it is none of these.
 *
 * @example
 * ```ts
 * parseAddress('tcp://[::1]:7000'); // { kind: 'tcp', host: '::1', port: 7000 }
 * ```
 */
export function parseAddress(text: string): SocketAddress {
  const [, scheme, rest = ''] = (typeof text === 'string' && /^(unix|tcp|pipe):\/\/(.*)$/s.exec(text)) || [];
  switch (scheme) {
    case 'unix':
      return unixAddress(rest);
    case 'tcp':
      return tcpAddress(rest);
    case 'pipe':
      return pipeAddress(rest);
    default:
      throw new ConfigurationError(`An address reads ${FORMS}; got ${JSON.stringify(text)}.`);
  }
}

/** The text that `parseAddress` reads. */
export function formatAddress(address: SocketAddress): string {
  switch (address.kind) {
    case 'unix':
      return `unix://${address.path}`;
    case 'pipe':
      return `pipe://${address.name}`;
    case 'tcp':
      return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }
}

/** Whether nobody on another machine can reach it. A host name other than `localhost` may mean anything. */
export function isLocal(address: SocketAddress): boolean {
  return address.kind !== 'tcp' || /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i.test(address.host);
}

export function connectOptions(address: SocketAddress): NetConnectOpts {
  switch (address.kind) {
    case 'unix':
      return { path: address.path };
    case 'pipe':
      return { path: pipePath(address.name) };
    case 'tcp':
      return { host: address.host, port: address.port };
  }
}

export function pipePath(name: string): string {
  return `\\\\.\\pipe\\${name}`;
}

/** Bytes that a path may still grow by until no system takes it as that of a socket; negative where it is too long. */
export function roomOfPath(path: string): number {
  return LONGEST_PATH - Buffer.byteLength(path);
}

function unixAddress(path: string): SocketAddress {
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0')) {
    throw new ConfigurationError(
      `A Unix socket's address is \`unix://\` and an absolute path, as \`unix:///run/app.sock\`; got ${JSON.stringify(path)}.`,
    );
  }
  if (process.platform === 'win32') {
    throw new ConfigurationError('There are no Unix sockets here: on Windows an address reads `pipe://name`.');
  }
  if (roomOfPath(path) < 0) {
    throw new ConfigurationError(
      `The path ${path} has ${Buffer.byteLength(path)} bytes, and that of a Unix socket at most ${LONGEST_PATH}: choose a shorter one.`,
    );
  }
  return { kind: 'unix', path };
}

function tcpAddress(text: string): SocketAddress {
  const [, six, name, digits] = /^(?:\[([\da-f:.%\w]+)\]|([^\s:/@?#[\]]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = six ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new ConfigurationError(
      `A TCP address reads \`tcp://host:port\`, with an IPv6 host in brackets and a port up to 65535; got ${JSON.stringify(`tcp://${text}`)}.`,
    );
  }
  return { kind: 'tcp', host, port };
}

function pipeAddress(name: string): SocketAddress {
  if (!/^[\w.-]{1,200}$/.test(name)) {
    throw new ConfigurationError(
      `The name of a pipe is made of letters, digits and \`. _ -\`, at most 200; got ${JSON.stringify(name)}.`,
    );
  }
  if (process.platform !== 'win32') {
    throw new ConfigurationError('Named pipes are of Windows: here an address reads `unix:///path/of.sock`.');
  }
  return { kind: 'pipe', name };
}
