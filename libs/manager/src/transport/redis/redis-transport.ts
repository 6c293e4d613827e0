import { MediumClock } from '../medium-clock.js';
import { MediumError } from '../medium-error.js';
import { StateHolder } from '../state-holder.js';
import type { Claims, Inbox, InboxOptions, InboxReader, Lane, Transport, TransportState } from '../transport.js';
import { checkServer } from './redis-check.js';
import { RedisClaims } from './redis-claims.js';
import { RedisConnection } from './redis-connection.js';
import { RedisInbox } from './redis-inbox.js';
import { RedisKeys } from './redis-keys.js';
import { createFactory, type RedisClient, type RedisFactory, type RedisTransportOptions } from './redis-options.js';
import { stampOf } from './redis-reply.js';

const PATIENCE = 4000;
/** The inbox of a server has its name and its generation. */
const NOBODY = 's-';
/** How long `close` waits for replies to what was sent before it. */
const LINGER = 500;

/**
 * Inboxes as Redis streams, claims as strings. Three connections: one writes frames; one does all else, so that beats and
 * claims never queue behind frames; and each inbox has one that blocks in a read.
 */
export class RedisTransport implements Transport {
  readonly kind = 'redis';
  readonly claims: Claims;
  readonly #options: RedisTransportOptions;
  readonly #patience: number;
  readonly #keys: RedisKeys;
  readonly #clock = new MediumClock();
  readonly #state = new StateHolder();
  readonly #writer: RedisConnection;
  readonly #control: RedisConnection;
  readonly #inboxes = new Map<string, RedisInbox>();
  readonly #opened: Promise<void>;
  #settle!: { resolve: () => void; reject: (error: Error) => void };
  #factory: RedisFactory | null = null;
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #checked = false;

  constructor(options: RedisTransportOptions) {
    this.#options = options;
    this.#patience = options.timeout ?? PATIENCE;
    this.#keys = new RedisKeys(options.namespace ?? 'manager');
    this.#writer = this.#connection('writer', (client) => this.#probe(client));
    this.#control = this.#connection('control', (client) => this.#meet(client));
    this.claims = new RedisClaims(this.#control, this.#keys);
    this.#opened = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#opened.catch(() => undefined);
  }

  get state(): TransportState {
    return this.#state.current;
  }

  get lastError(): Error | undefined {
    if (this.state === 'connected') return undefined;
    return this.#connections.map((connection) => connection.lastError).find((error) => error !== undefined);
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#state.listen(listener);
  }

  open(): Promise<void> {
    return (this.#opening ??= this.#open());
  }

  async openInbox(owner: string, options: InboxOptions, reader: InboxReader): Promise<Inbox> {
    await this.open();
    const factory = this.#factory;
    if (!factory || this.#closing) throw closed();
    if (this.#inboxes.has(owner)) throw new MediumError(`the inbox of ${owner} is open already`);
    const inbox = new RedisInbox({
      keys: { frames: this.#keys.inbox(owner, 'frames'), beats: this.#keys.inbox(owner, 'beats') },
      ttl: options.ttl,
      patience: this.#patience,
      linger: LINGER,
      connect: factory,
      control: this.#control,
      clock: this.#clock,
      reader,
      delivered: () => this.#flush(),
      changed: () => this.#changed(),
      removed: () => void (this.#inboxes.delete(owner) && this.#changed()),
    });
    this.#inboxes.set(owner, inbox);
    try {
      await inbox.opened;
    } catch (error) {
      await inbox.close();
      throw error;
    }
    return inbox;
  }

  async write(owner: string, lane: Lane, bytes: Uint8Array): Promise<boolean> {
    const connection = lane === 'beats' ? this.#control : this.#writer;
    const line = connection.line;
    if (!line) return false;
    const value = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    line.sent();
    try {
      const reply = line.client.xadd(this.#keys.inbox(owner, lane), 'NOMKSTREAM', '*', 'f', value);
      line.gather();
      const id = await reply;
      if (id === null) return false;
      this.#clock.hearEntry(stampOf(id));
      return true;
    } catch (error) {
      connection.judge(error as Error);
      return false;
    } finally {
      line.settled();
    }
  }

  now(): number {
    return this.#clock.now();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #flush(): void {
    this.#writer.line?.flush();
    this.#control.line?.flush();
  }

  get #connections(): RedisConnection[] {
    return [this.#control, this.#writer, ...Array.from(this.#inboxes.values(), (inbox) => inbox.connection)];
  }

  #connection(role: 'writer' | 'control', prepare: (client: RedisClient) => Promise<unknown>): RedisConnection {
    return new RedisConnection(role, this.#patience, {
      connect: (wanted) => this.#connect(wanted),
      prepare,
      changed: () => this.#changed(),
      fatal: (error) => {
        this.#settle.reject(error);
        void this.close();
      },
    });
  }

  async #open(): Promise<void> {
    this.#factory = await createFactory(this.#options.redis);
    if (this.#closing) throw closed();
    this.#writer.start();
    this.#control.start();
    await this.#opened;
  }

  async #close(): Promise<void> {
    this.#settle.reject(closed());
    await Promise.all(Array.from(this.#inboxes.values(), (inbox) => inbox.close()));
    await Promise.all([this.#writer.close(LINGER), this.#control.close(LINGER)]);
    this.#state.set('closed');
  }

  #connect(role: 'writer' | 'control' | 'reader'): RedisClient {
    if (!this.#factory) throw closed();
    return this.#factory(role);
  }

  /** First words on a new control connection: is this Redis fit for it, and what time is it there. */
  async #meet(client: RedisClient): Promise<void> {
    await this.#probe(client);
    if (!this.#checked) await checkServer(client);
    this.#checked = true;
    const [seconds, micros] = await client.time();
    this.#clock.hear(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000));
  }

  /**
   * Rejects where Redis takes no writes: it loads its data, wants a password, is a replica, or full. The inbox is of no
   * server, so nothing is written; everybody may write to those of servers.
   */
  #probe(client: RedisClient): Promise<unknown> {
    return client.xadd(this.#keys.inbox(NOBODY, 'frames'), 'NOMKSTREAM', '*', 'w', '');
  }

  #changed(): void {
    if (this.#closing) return;
    const up = this.#connections.every((connection) => connection.line !== null);
    this.#state.set(up ? 'connected' : 'connecting');
    if (up) this.#settle.resolve();
  }
}

function closed(): MediumError {
  return new MediumError('the transport was closed');
}
