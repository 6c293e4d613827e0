import { randomBytes } from 'node:crypto';
import { ManagerError } from '../../protocol/errors.js';
import { MediumClock } from '../medium-clock.js';
import { MediumError } from '../medium-error.js';
import { StateHolder } from '../state-holder.js';
import type { Claims, Inbox, InboxOptions, InboxReader, Lane, Transport, TransportState } from '../transport.js';
import { parseAddress, type SocketAddress } from './address.js';
import { ClientLane } from './client-lane.js';
import { CLIENT_BYTES } from './messages.js';
import { SocketClaims } from './socket-claims.js';
import { SocketInbox } from './socket-inbox.js';
import type { SocketTransportOptions } from './socket-options.js';
import { Summons } from './summons.js';
import { Turn } from './turn.js';

const PATIENCE = 4000;
/** Ms between two questions whether everything was read: a server ends sessions only after one that was answered. */
const PING = 250;
/** How long `close` waits for answers to what was sent before it. */
const LINGER = 500;

/**
 * Inboxes and claims that a `SocketHub` in another process keeps. Two connections: one carries frames; the other one all
 * else, so that beats and claims never queue behind frames.
 *
 * @example
 * ```ts
 * const transport = new SocketTransport({ address: 'unix:///run/app.sock' });
 * await transport.open();
 * ```
 */
export class SocketTransport implements Transport {
  readonly kind = 'socket';
  readonly claims: Claims;
  readonly #address: () => Promise<SocketAddress>;
  readonly #summons: Summons | undefined;
  readonly #patience: number;
  readonly #clock = new MediumClock();
  readonly #state = new StateHolder();
  readonly #turn = new Turn();
  readonly #lanes: Record<Lane, ClientLane>;
  readonly #claims: SocketClaims;
  readonly #inboxes = new Map<number, SocketInbox>();
  #opened!: Promise<void>;
  #settle!: { resolve: () => void; reject: (error: Error) => void };
  /** Somebody waits for a hub, or has had one. */
  #wanted = false;
  #indexes = 0;
  #drainedAsOf = -Infinity;
  #ping: NodeJS.Timeout | undefined;
  #opening = false;
  #everUp = false;
  /** The hub that it was last connected to; undefined too where that one is known to be gone. */
  #hub: string | undefined;
  #closing: Promise<void> | null = null;

  /** @throws ConfigurationError where the address is none. */
  constructor(options: SocketTransportOptions) {
    const { address } = options;
    if (typeof address === 'string') {
      const parsed = Promise.resolve(parseAddress(address));
      this.#address = () => parsed;
    } else this.#address = async () => parseAddress(await address());
    const { absent } = options;
    this.#summons = absent && new Summons(() => absent().catch((error: Error) => this.#nobodyComes(error)));
    this.#patience = options.timeout ?? PATIENCE;
    this.#claims = new SocketClaims(() => this.#lanes.beats.wireOrThrow());
    this.claims = this.#claims;
    const client = randomBytes(CLIENT_BYTES);
    const lane = (name: Lane): ClientLane =>
      new ClientLane({
        lane: name,
        address: this.#address,
        client,
        tls: options.tls,
        keys: options.keys,
        patience: this.#patience,
        turn: this.#turn,
        inboxes: this.#inboxes,
        claims: this.#claims,
        clock: this.#clock,
        changed: () => this.#changed(),
        met: (hub) => this.#met(hub),
        absent: (absentFrom) => this.#absent(absentFrom),
        ponged: () => this.#ponged(),
        fatal: (error) => {
          this.#settle.reject(error);
          void this.close();
        },
      });
    this.#lanes = { frames: lane('frames'), beats: lane('beats') };
    this.#await();
  }

  get state(): TransportState {
    return this.#state.current;
  }

  get lastError(): Error | undefined {
    if (this.state === 'connected') return undefined;
    return this.#summons?.failure ?? this.#lanes.beats.lastError ?? this.#lanes.frames.lastError;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#state.listen(listener);
  }

  open(): Promise<void> {
    this.#wanted = true;
    if (!this.#opening && !this.#closing) {
      this.#opening = true;
      for (const lane of Object.values(this.#lanes)) lane.start();
      this.#ping = setInterval(() => this.#look(), PING);
    }
    return this.#opened;
  }

  async openInbox(owner: string, { ttl }: InboxOptions, reader: InboxReader): Promise<Inbox> {
    await this.open();
    if (this.#closing) throw closed();
    if (Array.from(this.#inboxes.values()).some((inbox) => inbox.owner === owner)) {
      throw new MediumError(`the inbox of ${owner} is open already`);
    }
    const inbox = new SocketInbox({
      owner,
      ttl,
      reader,
      index: ++this.#indexes,
      wire: (lane) => this.#lanes[lane].wire,
      remove: (closing) => this.#remove(closing),
    });
    this.#inboxes.set(inbox.index, inbox);
    for (const lane of Object.values(this.#lanes)) lane.attach(inbox);
    try {
      await inbox.opened;
    } catch (error) {
      await inbox.close();
      throw error;
    }
    return inbox;
  }

  write(owner: string, lane: Lane, bytes: Uint8Array): Promise<boolean> {
    const { beats, frames } = this.#lanes;
    return (lane === 'beats' ? beats : frames).write(owner, bytes);
  }

  now(): number {
    return this.#clock.now();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** Ends as a killed process ends: for tests. */
  abandon(): void {
    for (const inbox of this.#inboxes.values()) inbox.abandon();
    this.#closing ??= this.#end(0);
  }

  async #close(): Promise<void> {
    this.#settle.reject(closed());
    await Promise.all(Array.from(this.#inboxes.values(), (inbox) => inbox.close()));
    await this.#end(LINGER);
  }

  async #end(linger: number): Promise<void> {
    this.#settle.reject(closed());
    clearInterval(this.#ping);
    await Promise.all(Object.values(this.#lanes).map((lane) => lane.close(linger)));
    this.#state.set('closed');
  }

  /** Best effort: what stays has a time to live. */
  async #remove(inbox: SocketInbox): Promise<void> {
    try {
      const removed = this.#claims.ask(['close', inbox.index]).catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([removed, new Promise((resolve) => (timer = setTimeout(resolve, LINGER)))]);
      clearTimeout(timer);
    } finally {
      this.#inboxes.delete(inbox.index);
    }
  }

  #look(): void {
    for (const lane of Object.values(this.#lanes)) lane.look(PING);
  }

  #ponged(): void {
    const asOf = Math.min(this.#lanes.frames.readAsOf, this.#lanes.beats.readAsOf);
    if (asOf <= this.#drainedAsOf) return;
    this.#drainedAsOf = asOf;
    for (const inbox of this.#inboxes.values()) inbox.drained(asOf);
  }

  /** Everything was in the hub of before: its inboxes, its claims, and the server. */
  #met(hub: string): void {
    if (this.#hub !== undefined && this.#hub !== hub) this.#perished();
    this.#hub = hub;
  }

  #perished(): void {
    this.#hub = undefined;
    for (const inbox of this.#inboxes.values()) inbox.perished();
  }

  /** Both connections find out that nobody listens, and one of them asks for somebody who does. */
  async #absent({ kind }: SocketAddress): Promise<boolean> {
    // A file that nobody listens behind is a dead process's. A refusal over TCP may be that of a proxy on the way.
    if (kind !== 'tcp' && this.#hub !== undefined) this.#perished();
    if (!this.#summons || !this.#wanted) return false;
    return this.#summons.call();
  }

  #nobodyComes(error: Error): never {
    // Of another try without a change the same is to be expected: those who wait hear it now, who comes later tries again.
    if (!this.#everUp && !(error instanceof ManagerError && error.retryable)) {
      this.#wanted = false;
      this.#settle.reject(error);
      if (!this.#closing) this.#await();
    }
    throw error;
  }

  #await(): void {
    this.#opened = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#opened.catch(() => undefined);
  }

  #changed(): void {
    if (this.#closing) return;
    const up = this.#lanes.frames.up && this.#lanes.beats.up;
    this.#summons?.up(up);
    this.#state.set(up ? 'connected' : 'connecting');
    if (!up) return;
    this.#everUp = true;
    this.#settle.resolve();
  }
}

function closed(): MediumError {
  return new MediumError('the transport was closed');
}
