import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { isMainThread } from 'node:worker_threads';
import { ConfigurationError } from '../../protocol/errors.js';
import { formatAddress, isLocal, pipePath, type SocketAddress } from './address.js';
import { AddressTakenError } from './address-taken.js';
import { SocketFile } from './socket-file.js';

/** Connections that the kernel keeps until they are taken. */
const BACKLOG = 1024;
/** Ms that the handshake of TLS may take. */
const TLS_DEADLINE = 5000;

export interface ListenerHooks {
  /** Somebody connected; before the handshake of TLS. False turns it away. */
  arrived: (socket: Socket) => boolean;
  /** Its bytes can be read from now on. */
  connected: (socket: Socket) => void;
  failed: (error: Error) => void;
}

/** A listening socket. */
export class Listener {
  readonly #server: Server;
  #file: SocketFile | undefined;

  constructor(tls: TlsOptions | undefined, hooks: ListenerHooks) {
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };
    const arrived = (socket: Socket): void => {
      if (!hooks.arrived(socket)) socket.destroy();
      else if (!tls) hooks.connected(socket);
    };
    if (tls) {
      this.#server = createTlsServer({ handshakeTimeout: TLS_DEADLINE, ...options, ...tls }, hooks.connected);
      this.#server.on('tlsClientError', hooks.failed);
    } else this.#server = createServer(options);
    this.#server.on('connection', arrived);
    // Without a listener an error of one accept would end the process.
    this.#server.on('error', hooks.failed);
  }

  /**
   * Resolves with the address where it listens.
   *
   * @throws ConfigurationError where the address is taken, or not to be had.
   */
  async listen(address: SocketAddress): Promise<string> {
    switch (address.kind) {
      case 'unix':
        return this.#listenAtFile(address);
      case 'pipe':
        await this.#bind({ path: pipePath(address.name) }, address);
        return formatAddress(address);
      case 'tcp': {
        await this.#bind({ host: address.host, port: address.port }, address);
        const { port } = this.#server.address() as AddressInfo;
        return formatAddress({ ...address, port });
      }
    }
  }

  /** Takes nobody in any more, and lets others have the address. */
  async close(): Promise<void> {
    await this.#file?.remove();
    if (this.#server.listening) this.#server.close();
  }

  async #listenAtFile(address: SocketAddress & { kind: 'unix' }): Promise<string> {
    const file = new SocketFile(address.path);
    // What `listen` says of a folder that is not there is that it may not.
    await stat(dirname(address.path)).catch((error: Error) => {
      throw refusal(error, address);
    });
    await this.#bind({ path: file.draft }, address);
    try {
      await file.publish();
    } catch (error) {
      await file.remove().catch(() => undefined);
      this.#server.close();
      throw refusal(error as Error, address);
    }
    this.#file = file;
    return formatAddress(address);
  }

  #bind(options: ListenOptions, address: SocketAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(refusal(error, address));
      this.#server.once('error', failed);
      // Exclusive: the workers of a cluster would listen together, each with objects of its own.
      const all = { ...options, backlog: BACKLOG, exclusive: true };
      asPrivate(() => {
        this.#server.listen(all, () => {
          this.#server.off('error', failed);
          resolve();
        });
      });
    });
  }
}

/** Files that `make` makes at once are for this user alone. In a worker thread, which may not say so, they are a moment later. */
function asPrivate(make: () => void): void {
  if (!isMainThread) return make();
  const before = process.umask(0o177);
  try {
    make();
  } finally {
    process.umask(before);
  }
}

/** @throws ConfigurationError where strangers could connect. */
export function checkReach(address: SocketAddress, keyed: boolean): void {
  if (keyed || isLocal(address)) return;
  throw new ConfigurationError(
    `Other machines can reach ${formatAddress(address)}, and without an authkey each of them could call every object: ` +
      'set an `authkey`, or listen at 127.0.0.1, at [::1] or at a Unix socket.',
  );
}

function refusal(error: Error, address: SocketAddress): Error {
  if (error instanceof ConfigurationError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const where = formatAddress(address);
  if (code === 'EADDRINUSE') return new AddressTakenError(where, error);
  const says: Record<string, string> = {
    EACCES: `This user may not listen at ${where}: choose another address.`,
    EADDRNOTAVAIL: `${where} is not an address of this machine: choose one that is.`,
    ENOTFOUND: `The host of ${where} is not known: choose another address.`,
    ENOENT: `The folder of ${where} does not exist: make it, or choose another address.`,
  };
  return new ConfigurationError(says[code] ?? `It is not possible to listen at ${where}: ${error.message}.`, {
    cause: error,
  });
}
