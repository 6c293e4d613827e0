import { Injectable, Logger } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { ForeignObjects, LocalServer } from '../definition/index.js';
import { ManagerServer } from '../server/index.js';
import type { Transport } from '../transport/index.js';
import { builtInTypes } from '../types/index.js';
import { checkOptions, type ManagerServerModuleOptions } from './options.js';
import { serverMedium, type ServerMedium } from './server-medium.js';
import { SharedTypesExplorer } from './shared-types.explorer.js';

/** What a running server may tell. A type, since Nest's base asks for an index signature. */
type ManagerServerEvents = {
  superseded: (error: Error) => void;
};

/**
 * The manager server as a Nest transport strategy: hosts the types of its application while that listens.
 *
 * `createManagerServer` uses it. A hybrid application connects it by hand.
 *
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule);
 * app.connectMicroservice({ strategy: app.get(ManagerServerStrategy) });
 * await app.startAllMicroservices();
 * ```
 */
@Injectable()
export class ManagerServerStrategy extends Server<ManagerServerEvents> implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('nestjs-manager');
  protected override readonly logger = new Logger('ManagerServer');
  readonly #options: ManagerServerModuleOptions;
  readonly #explorer: SharedTypesExplorer;
  readonly #medium: ServerMedium;
  #server: ManagerServer | undefined;
  #listening = false;
  #foreign: ForeignObjects | undefined;
  #onSuperseded: ((error: Error) => void)[] = [];

  constructor(options: ManagerServerModuleOptions, explorer: SharedTypesExplorer) {
    super();
    this.#options = checkOptions('server', options);
    this.#explorer = explorer;
    this.#medium = serverMedium(this.#options, this.logger);
  }

  /** The server's name, and the generation of this start. */
  get identity(): { name: string; generation: number } | undefined {
    if (!this.#server) return undefined;
    const { name, generation } = this.#server.identity;
    return { name, generation };
  }

  /** The server, as the manager of the same process uses it; undefined until it listens. */
  get local(): LocalServer | undefined {
    return this.#listening ? this.#server?.local : undefined;
  }

  /** Where it listens, once it does, where that is a socket of its own: what `connectManager` takes. */
  get address(): string | undefined {
    return this.#listening ? this.#medium.address : undefined;
  }

  /** Whether a session is open, or an application connected at a socket of its own: it opens one with its first call. */
  get inUse(): boolean {
    return this.#medium.guests > 0 || (this.#server?.sessions ?? 0) > 0;
  }

  /** Ms that running calls have when it closes, where that was said. */
  get closeTimeout(): number | undefined {
    return this.#options.closeTimeout;
  }

  /** A way for the manager of the same process to reach what this server is reached by. */
  connect(): Transport {
    return this.#medium.connect();
  }

  /** Told by the manager of the same process how objects of other servers are reached. */
  reach(objects: ForeignObjects): void {
    this.#foreign = objects;
  }

  /** Starts hosting; waits for the lease of a predecessor of the same name. */
  listen(callback: (error?: unknown) => void): void {
    // oxlint-disable-next-line promise/no-callback-in-promise -- Nest's strategies are told to listen with a callback
    this.#start().then(() => callback(), callback);
  }

  /** Finishes what runs, refuses what waits, tells the sessions, gives the name back. Idempotent. */
  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** Closes the socket that it listens at, if it has one of its own: after everything that still says goodbye over it. */
  async disconnect(): Promise<void> {
    await this.#medium.close();
  }

  /** `superseded`: another server took the name over, and this one has stopped. */
  on<E extends keyof ManagerServerEvents>(_event: E, listener: ManagerServerEvents[E]): void {
    this.#onSuperseded.push(listener);
  }

  unwrap<T>(): T {
    throw new Error('A manager server has no native server to unwrap.');
  }

  async #start(): Promise<void> {
    const { name, lease, takeover, limits, closeTimeout, authkey, pools, types = [] } = this.#options;
    const server = new ManagerServer({
      transport: this.#medium.connect(),
      builtIn: builtInTypes({ pools, limits }),
      types: this.#explorer.explore(types),
      logger: this.logger,
      ...(name !== undefined && { name }),
      ...(lease !== undefined && { lease }),
      ...(takeover !== undefined && { takeover }),
      ...(limits !== undefined && { limits }),
      ...(closeTimeout !== undefined && { closeTimeout }),
      authkey,
    });
    server.foreign = this.#foreign;
    this.#server = server;
    void server.superseded.then((error) => this.#onSuperseded.forEach((listener) => listener(error)));
    await this.#medium.open();
    await server.start();
    this.#listening = true;
  }
}
