import type { ProcessEnd, ServerProcess } from '../embedded/index.js';
import { StateError } from '../protocol/index.js';
import type { ManagerOptions } from '../client/index.js';
import { Manager } from '../types/index.js';
import { defaultAddress, parseAddress } from '../transport/index.js';
import { connectionTo, type ConnectOptions } from './connect-manager.js';
import { removeDead, startServer } from './embedded-server.js';
import { checkMs, checkOutside, keysOf, moduleUrl } from './options.js';

/** Options of `startManager`. */
export interface StartOptions extends Omit<ConnectOptions, 'namespace'> {
  /**
   * URL of a module whose default export is the Nest module that the server hosts:
   * `new URL('./server.module.js', import.meta.url)`. It may import `ManagerServerModule.forRoot()` and need not.
   */
  module: URL | string;
  /** Where the server listens: `unix:///path` or `tcp://host:port`. @default a socket of its own that only this user can reach */
  address?: string;
  /** URL of a module whose default export is a function: it runs in the server's process before anything else of yours, and is awaited. */
  initializer?: URL | string;
  /** Name of the server. @default the module's, or 'default' */
  name?: string;
  /** Milliseconds that the server has to listen. @default 60000 */
  startTimeout?: number;
}

const START_TIMEOUT = 60_000;
const SHUTDOWN_TIMEOUT = 5000;

/**
 * Starts a manager server in a process of its own and resolves, with a manager of it, when it listens. The server ends with
 * this process, however that ends. It ignores SIGINT, so that a Ctrl-C leaves it to you to shut down in order.
 *
 * @throws what its initializer or its bootstrap throws, with `remoteStack`; StateError where another server listens at the
 * address; ConfigurationError for options that cannot work.
 *
 * @example
 * ```ts
 * await using manager = await startManager({ module: new URL('./server.module.js', import.meta.url) });
 * const jobs = await manager.queue<Job>();
 * ```
 */
export async function startManager(options: StartOptions): Promise<StartedManager> {
  checkOutside('startManager', options);
  const { module, initializer, name, startTimeout = START_TIMEOUT } = options;
  const address = options.address ?? (await defaultAddress());
  // Whatever cannot work is said before there is a process.
  connectionTo(address, options);
  parseAddress(address);
  const authkey = await keysOf(options.authkey);
  const server = await startServer({
    start: {
      module: moduleUrl(module, 'The `module` of startManager()'),
      ...(initializer !== undefined && {
        initializer: moduleUrl(initializer, 'The `initializer` of startManager()'),
      }),
      listen: address,
      ...(name !== undefined && { name }),
      ...(authkey && { authkey }),
    },
    patience: startTimeout,
    independent: false,
  });
  if (!server) {
    throw new StateError(
      `Another manager server listens at ${address}. Use connectManager() to reach it, or start yours at another address.`,
    );
  }
  try {
    const manager = new StartedManager(connectionTo(server.address, options), server);
    await manager.ping().catch(async (error: unknown) => {
      await manager.close();
      throw error;
    });
    return manager;
  } catch (error) {
    await server.shutdown(0);
    await removeDead(server.address);
    throw error;
  }
}

/**
 * A manager and the server that was started for it. `await using` shuts both down.
 *
 * @example
 * ```ts
 * const manager = await startManager({ module });
 * process.send?.({ address: manager.address });
 * await manager.join();
 * ```
 */
export class StartedManager extends Manager {
  readonly #server: ServerProcess;
  #shutdown: Promise<ProcessEnd> | undefined;

  /** @internal Made by `startManager`. */
  constructor(options: ManagerOptions, server: ServerProcess) {
    super(options);
    this.#server = server;
  }

  /** Where the server listens: what `connectManager` takes. */
  get address(): string {
    return this.#server.address;
  }

  /** The id of the server's process. */
  get pid(): number {
    return this.#server.pid;
  }

  /**
   * Closes the manager and ends the server: asks it to close, which lets running calls finish; terminates it if it has not
   * ended within `timeout` ms (5000 by default), and kills it after as long again. Resolves once it has ended. Idempotent.
   */
  async shutdown({ timeout = SHUTDOWN_TIMEOUT }: { timeout?: number } = {}): Promise<void> {
    checkMs('shutdown', 'timeout', timeout);
    await this.close();
    await (this.#shutdown ??= this.#server.shutdown(timeout));
    await removeDead(this.#server.address);
  }

  /**
   * Waits for the end of the server's process, for `timeout` ms at most if given: whether it has ended.
   */
  join({ timeout }: { timeout?: number } = {}): Promise<boolean> {
    if (timeout !== undefined) checkMs('join', 'timeout', timeout);
    return this.#server.join(timeout);
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}
