import { defineType, type AnyClass, type TypeDefinition } from '../definition/index.js';
import { ManagerServer, silentLogger, type ManagerServerOptions } from '../server/index.js';
import type {
  Claims,
  Inbox,
  InboxOptions,
  InboxReader,
  Lane,
  Transport,
  TransportState,
  Written,
} from '../transport/index.js';
import { houseMedium } from './house-medium.suite.js';
import { Manager, type ManagerOptions } from './index.js';

/** What becomes of a write: it arrives, it is lost without a word, or it fails and is known to have failed. */
export type Fortune = 'arrives' | 'lost' | 'fails';

/** A transport over another one, whose writes a test may let go wrong. */
export class Line implements Transport {
  /** Decides over each write. */
  fortune: (owner: string, lane: Lane, bytes: Uint8Array) => Fortune = () => 'arrives';
  /** Frames and beats that arrived here are not read. */
  deaf = false;
  readonly #under: Transport;
  readonly #listeners = new Set<(state: TransportState) => void>();

  constructor(under: Transport) {
    this.#under = under;
  }

  /** As if the connection had been lost and made again. */
  reconnect(): void {
    for (const listener of this.#listeners) listener('connected');
  }

  /** As if the cable were cut in both directions, and nobody had noticed. */
  cut(): void {
    this.fortune = () => 'lost';
    this.deaf = true;
  }

  mend(): void {
    this.fortune = () => 'arrives';
    this.deaf = false;
  }

  get kind(): string {
    return this.#under.kind;
  }

  get state(): TransportState {
    return this.#under.state;
  }

  get lastError(): Error | undefined {
    return this.#under.lastError;
  }

  get claims(): Claims {
    return this.#under.claims;
  }

  open(): Promise<void> {
    return this.#under.open();
  }

  onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    const unlisten = this.#under.onState(listener);
    return () => {
      this.#listeners.delete(listener);
      unlisten();
    };
  }

  openInbox(owner: string, options: InboxOptions, reader: InboxReader): Promise<Inbox> {
    return this.#under.openInbox(owner, options, {
      deliver: (lane, deliveries) => {
        if (!this.deaf) reader.deliver(lane, deliveries);
      },
      drained: (asOf) => reader.drained(asOf),
      beatsDrained: (asOf) => reader.beatsDrained?.(asOf),
      restarted: () => reader.restarted(),
      perished: () => reader.perished?.(),
    });
  }

  write(owner: string, lane: Lane, bytes: Uint8Array): Written {
    const fortune = this.fortune(owner, lane, bytes);
    if (fortune === 'arrives') return this.#under.write(owner, lane, bytes);
    return fortune === 'lost';
  }

  now(): number {
    return this.#under.now();
  }

  close(): Promise<void> {
    return this.#under.close();
  }
}

/** A medium with servers and managers on it, all of one test. */
export class House {
  readonly medium = houseMedium();
  readonly #servers: ManagerServer[] = [];
  readonly #managers: Manager[] = [];

  async server(
    types: readonly (AnyClass | TypeDefinition)[],
    options: Partial<ManagerServerOptions> = {},
  ): Promise<ManagerServer> {
    const server = new ManagerServer({
      transport: this.medium.host(),
      types: types.map((type) => (typeof type === 'function' ? defineType(type) : type)),
      logger: silentLogger,
      closeTimeout: 200,
      ...options,
    });
    this.#servers.push(server);
    await server.start();
    return server;
  }

  manager(options: Partial<ManagerOptions> = {}): Manager {
    const manager = new Manager({ transport: this.medium.connect(), ...options });
    this.#managers.push(manager);
    return manager;
  }

  /** A line that a manager or a server may be given. */
  line(): Line {
    return new Line(this.medium.connect());
  }

  async close(): Promise<void> {
    await Promise.all(this.#managers.map((manager) => manager.close()));
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.medium.close();
  }
}

/** Waits until something holds, looking at each turn of the event loop; the test's own timeout ends it. */
export async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** So many turns of the event loop, which is what a memory medium needs to carry something. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise and how to settle it. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let settle!: Omit<Deferred<T>, 'promise'>;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  promise.catch(() => undefined);
  return { promise, ...settle };
}

/** What a promise was rejected with. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & Error;
  }
  throw new Error('The promise was fulfilled.');
}
