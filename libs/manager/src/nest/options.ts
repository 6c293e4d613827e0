import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Provider, Type } from '@nestjs/common';
import type { AnyClass } from '../definition/index.js';
import { ConfigurationError, DEFAULT_LIMITS, isName, NAME_LENGTH, type Limits } from '../protocol/index.js';
import type { AuthKey } from '../link/index.js';
import type { RedisTransportOptions, Transport } from '../transport/index.js';
import { checkPools, type PoolSettings } from '../types/index.js';

/** How a manager or a server reaches the medium that both share. */
export interface MediumOptions {
  /**
   * A `redis://` or `rediss://` URL, the options of an ioredis client, or a function that makes clients: for TLS, ACL
   * users, Sentinel and Cluster. @default 'redis://localhost:6379'
   */
  redis?: RedisTransportOptions['redis'];
  /** Applications and servers of one namespace find each other; its name begins every key. @default 'manager' */
  namespace?: string;
  /** A medium instead of Redis: `nestjs-manager/testing` has one in memory. A function makes one for each application. */
  transport?: () => Transport;
  /**
   * The secret that the applications and servers of a namespace have in common: a string or bytes, 16 at least and best 32
   * random ones; a list, of which the first is used and each is taken; or a function that gives these. Without it whoever
   * can write to Redis can call every object. @default none
   */
  authkey?: AuthKey;
  /** Bounds on what is sent and taken. */
  limits?: Partial<Limits>;
}

/**
 * A manager server without Redis. With `module`: one for the applications of this machine and namespace, started by the first
 * that needs it. With an `address` alone: the one that listens there, and none is started.
 */
export interface EmbeddedOptions {
  /**
   * URL of a module whose default export is the Nest module that the server hosts:
   * `new URL('./server.module.js', import.meta.url)`. @default none: the server is started by somebody else
   */
  module?: URL | string;
  /**
   * Where it listens: `unix:///path` or `tcp://host:port`. @default a socket that only this user can reach, by the namespace;
   * required without `module`
   */
  address?: string;
  /** Whatever `tls.connect` takes, where the server has TLS; true for its defaults. @default no TLS */
  tls?: ConnectionOptions | true;
  /** Milliseconds after which it ends when no application is connected and no session is open. The first who starts it decides. @default 5000 */
  idle?: number;
}

/** Options of `ManagerModule.forRoot`. */
export interface ManagerModuleOptions extends MediumOptions {
  /**
   * Instead of Redis: one manager server for this machine and namespace, started by the first application that needs it.
   * @default none
   */
  embedded?: EmbeddedOptions;
  /** Name of this application in the census. @default the name in the package.json of the working directory */
  application?: string;
  /** Milliseconds that a call waits for its answer, and for a server to be there. @default 30000 */
  timeout?: number;
}

/** Options of `ManagerServerModule.forRoot`. */
export interface ManagerServerModuleOptions extends MediumOptions {
  /**
   * Address to listen at, without Redis: `unix:///path` or `tcp://host:port`. Applications reach it with `connectManager`.
   * Not together with `redis` or `transport`. @default none
   */
  listen?: string;
  /** With `listen`: certificate and key, and whatever else `tls.createServer` takes. @default no TLS */
  tls?: TlsOptions;
  /** Name of the server: one live server has it at a time, and its starts are told apart by generation. @default 'default' */
  name?: string;
  /** Classes with `@SharedType()` to host. Factories are found by `@SharedFactory()`. @default [] */
  types?: readonly AnyClass[];
  /** Milliseconds that a session, and the server's claim on its name, live without a heartbeat. The server's lease rules. @default 30000 */
  lease?: number;
  /** Takes the name at once instead of waiting for the lease of a predecessor: for a supervisor that knows it dead. @default false */
  takeover?: boolean;
  /** Milliseconds that calls under way have to finish when the server closes. @default 5000 */
  closeTimeout?: number;
  /** What pools may do: `modules` says which modules they may load. @default those below the working directory */
  pools?: PoolSettings;
}

/** Makes options for `forRootAsync({ useClass })` or `useExisting`. */
export interface OptionsFactory<O> {
  createOptions(): O | Promise<O>;
}

/** How `forRootAsync` gets its options: one of `useFactory`, `useClass` and `useExisting`. */
export interface AsyncOptions<O> {
  imports?: NonNullable<ModuleMetadata['imports']>;
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  useFactory?: (...args: never[]) => O | Promise<O>;
  useClass?: Type<OptionsFactory<O>>;
  useExisting?: InjectionToken;
  /** Whether every module can inject what this one provides. @default true */
  isGlobal?: boolean;
}

const COMMON = ['redis', 'namespace', 'transport', 'authkey', 'limits'];
const KNOWN = {
  manager: new Set([...COMMON, 'name', 'embedded', 'application', 'timeout', 'isGlobal']),
  server: new Set([
    ...COMMON,
    'name',
    'listen',
    'tls',
    'types',
    'lease',
    'takeover',
    'closeTimeout',
    'pools',
    'isGlobal',
  ]),
};
const NAMESPACE = /^[^\s{}]{1,64}$/u;

/** Fails the bootstrap for options that are unknown or cannot work, rather than do without them in silence. */
export function checkOptions<O extends MediumOptions>(kind: 'manager' | 'server', options: O): O {
  const where = kind === 'manager' ? 'ManagerModule' : 'ManagerServerModule';
  const given = checkNames(where, options, KNOWN[kind]);
  if (given['redis'] !== undefined && given['transport'] !== undefined) {
    throw new ConfigurationError(`${where} takes \`redis\` or \`transport\`, not both.`);
  }
  const others = ['redis', 'transport'].filter((name) => given[name] !== undefined);
  for (const own of ['listen', 'tls', 'embedded']) {
    if (given[own] !== undefined && others.length > 0) {
      throw new ConfigurationError(`${where} takes \`${own}\` or \`${others[0]}\`, not both.`);
    }
  }
  check(where, given, 'listen', (v) => v === undefined || typeof v === 'string', 'an address such as "unix:///path"');
  check(where, given, 'tls', (v) => v === undefined || isObject(v), 'an object with `cert` and `key`');
  checkEmbedded(where, given['embedded']);
  check(
    where,
    given,
    'redis',
    (v) => v === undefined || isOneOf(v, 'string', 'object', 'function'),
    'a URL, options or a function',
  );
  check(where, given, 'transport', (v) => v === undefined || typeof v === 'function', 'a function');
  checkCommon(where, given);
  check(where, given, 'lease', (v) => v === undefined || isMs(v, 300), 'ms from 300 to 2147483647');
  check(where, given, 'closeTimeout', (v) => v === undefined || isMs(v, 0), 'ms from 0 to 2147483647');
  check(where, given, 'takeover', (v) => v === undefined || typeof v === 'boolean', 'true or false');
  check(where, given, 'types', (v) => v === undefined || Array.isArray(v), 'a list of classes');
  if (given['pools'] !== undefined) checkPools(given['pools']);
  return options;
}

const CONNECTING = ['authkey', 'tls', 'namespace', 'application', 'timeout', 'limits'];
const OUTSIDE = {
  connectManager: new Set(CONNECTING),
  startManager: new Set([
    ...['module', 'initializer', 'address', 'name', 'startTimeout'],
    ...CONNECTING.filter((name) => name !== 'namespace'),
  ]),
};

/** The same for managers outside Nest. */
export function checkOutside(kind: 'connectManager' | 'startManager', options: object): void {
  const where = `${kind}()`;
  const given = checkNames(where, options, OUTSIDE[kind]);
  const { name, startTimeout } = given;
  if (startTimeout !== undefined) checkMs(where, 'startTimeout', startTimeout);
  if (name !== undefined) check(where, given, 'name', isName, `a name of 1 to ${NAME_LENGTH} characters`);
  checkClientTls(where, 'tls', given['tls']);
  checkCommon(where, given);
}

/** @throws ConfigurationError for an option that there is not. */
function checkNames(where: string, options: unknown, known: ReadonlySet<string>): Record<string, unknown> {
  if (!isObject(options)) throw new ConfigurationError(`${where} got no options.`);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) {
      throw new ConfigurationError(`${where} has no option "${name}". It has: ${[...known].join(', ')}.`);
    }
  }
  return options;
}

function checkCommon(where: string, given: Record<string, unknown>): void {
  check(
    where,
    given,
    'namespace',
    (v) => v === undefined || (typeof v === 'string' && NAMESPACE.test(v)),
    '1 to 64 characters without spaces or braces',
  );
  check(
    where,
    given,
    'application',
    (v) => v === undefined || isName(v),
    `a name of 1 to ${NAME_LENGTH} characters without control characters`,
  );
  check(where, given, 'timeout', (v) => v === undefined || isMs(v, 0), 'ms from 0 (none) to 2147483647');
  checkLimits(where, given['limits']);
}

function checkClientTls(where: string, name: string, tls: unknown): void {
  check(where, { [name]: tls }, name, (v) => v === undefined || v === true || isObject(v), 'true or an object');
}

function checkEmbedded(where: string, embedded: unknown): void {
  if (embedded === undefined) return;
  if (typeof embedded !== 'object' || embedded === null) {
    throw new ConfigurationError(
      `${where}: expected \`embedded\` to be { module: URL }, got ${JSON.stringify(embedded)}.`,
    );
  }
  const known = ['module', 'address', 'tls', 'idle'];
  for (const name of Object.keys(embedded)) {
    if (!known.includes(name)) {
      throw new ConfigurationError(`${where}: \`embedded\` has no option "${name}". It has: ${known.join(', ')}.`);
    }
  }
  const { module, address, tls, idle } = embedded as Record<string, unknown>;
  if (module === undefined && address === undefined) {
    throw new ConfigurationError(
      `${where}: \`embedded\` needs a \`module\` to host, or the \`address\` of a server that runs.`,
    );
  }
  if (module !== undefined) moduleUrl(module, `${where}: \`embedded.module\``);
  if (address !== undefined && typeof address !== 'string') {
    throw new ConfigurationError(`${where}: expected \`embedded.address\` to be an address such as "unix:///path".`);
  }
  checkClientTls(where, 'embedded.tls', tls);
  if (idle !== undefined && !isMs(idle, 0)) {
    throw new ConfigurationError(`${where}: expected \`embedded.idle\` to be ms from 0 to 2147483647.`);
  }
}

/** A module that another process loads: a path would be taken from wherever that process is. */
export function moduleUrl(value: unknown, what: string): string {
  if (value instanceof URL && value.protocol === 'file:') return value.href;
  if (typeof value === 'string' && value.startsWith('file:') && URL.canParse(value)) return value;
  throw new ConfigurationError(
    `${what} must be a file: URL, such as new URL('./server.module.js', import.meta.url); got ${String(value)}.`,
  );
}

function check(
  where: string,
  options: Record<string, unknown>,
  name: string,
  holds: (value: unknown) => boolean,
  expected: string,
): void {
  if (!holds(options[name])) {
    throw new ConfigurationError(
      `${where}: expected \`${name}\` to be ${expected}, got ${JSON.stringify(options[name])}.`,
    );
  }
}

function checkLimits(where: string, limits: unknown): void {
  for (const [name, value] of Object.entries((limits as object | undefined) ?? {})) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new ConfigurationError(
        `${where}: there is no limit "${name}". There are: ${Object.keys(DEFAULT_LIMITS).join(', ')}.`,
      );
    }
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
      throw new ConfigurationError(
        `${where}: expected the limit \`${name}\` to be a whole number from 1, got ${JSON.stringify(value)}.`,
      );
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isOneOf(value: unknown, ...types: string[]): boolean {
  return value !== null && types.includes(typeof value);
}

function isMs(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least && value < 2 ** 31;
}

/** The keys themselves, to be told to a server that is started; those that a function gives are the ones of now. */
export async function keysOf(authkey: AuthKey | undefined): Promise<Uint8Array[] | undefined> {
  if (authkey === undefined) return undefined;
  const keys = typeof authkey === 'function' ? await authkey() : authkey;
  const list = typeof keys === 'string' || keys instanceof Uint8Array ? [keys] : keys;
  return list.map((key) => Buffer.from(key));
}

/** @throws ConfigurationError where `value` is no number of ms. */
export function checkMs(where: string, name: string, value: unknown): void {
  check(where, { [name]: value }, name, (v) => isMs(v, 0), 'ms from 0 to 2147483647');
}

/** The provider of options that were given asynchronously. */
export function asyncOptionsProvider<O>(token: InjectionToken, where: string, options: AsyncOptions<O>): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = options;
  if (useFactory) return [{ provide: token, useFactory: useFactory as (...args: unknown[]) => O | Promise<O>, inject }];
  const factory = useClass ?? useExisting;
  if (!factory) {
    throw new ConfigurationError(
      `${where}.forRootAsync() needs one of \`useFactory\`, \`useClass\` and \`useExisting\`.`,
    );
  }
  const create = { provide: token, useFactory: (made: OptionsFactory<O>) => made.createOptions(), inject: [factory] };
  return useClass ? [create, useClass] : [create];
}

/** The name in the package.json of the working directory, which for a deployed application is its own. */
export function applicationName(): string {
  try {
    const text = readFileSync(join(process.cwd(), 'package.json'), 'utf8');
    const { name } = JSON.parse(text) as { name?: unknown };
    if (isName(name)) return name;
  } catch {
    // Started elsewhere, or bundled without one: a name is only for people to read.
  }
  return 'application';
}
