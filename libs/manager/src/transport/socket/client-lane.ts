import { ProtocolError } from '../../protocol/errors.js';
import type { MediumClock } from '../medium-clock.js';
import { MediumError } from '../medium-error.js';
import { formatAddress } from './address.js';
import { Kind } from './messages.js';
import { PendingWrites } from './pending-writes.js';
import type { SocketClaims } from './socket-claims.js';
import { SocketConnection, type SocketConnectionOptions } from './socket-connection.js';
import type { SocketInbox } from './socket-inbox.js';
import type { Wire, WireHandler } from './wire.js';

export interface ClientLaneOptions extends Omit<SocketConnectionOptions, 'connected' | 'lost'> {
  readonly inboxes: ReadonlyMap<number, SocketInbox>;
  readonly claims: SocketClaims;
  readonly clock: MediumClock;
  readonly changed: () => void;
  /** The hub of this id let it in. */
  readonly met: (hub: string) => void;
  /** `readAsOf` is later. */
  readonly ponged: () => void;
}

/** One lane of a client: its connection, what was written on it, and what it brings. */
export class ClientLane implements WireHandler {
  readonly #options: ClientLaneOptions;
  readonly #connection: SocketConnection;
  #writes = new PendingWrites();
  /** Of the last write on this connection: the next one to the same need not say it again. */
  #owner: string | undefined;
  /** Everything that the hub had for this lane by then (`performance.now()`) was read. */
  readAsOf = -Infinity;
  #pinged: number | undefined;
  #pings = 0;
  #silent = 0;
  #stalled = false;
  /** The inbox that the present read brings something for. */
  #reading: SocketInbox | undefined;
  #stamp = 0;

  constructor(options: ClientLaneOptions) {
    this.#options = options;
    this.#connection = new SocketConnection({
      ...options,
      connected: (wire, { now, hub }) => {
        options.met(hub);
        this.#connected(wire, now);
      },
      lost: () => this.#lost(),
    });
  }

  get wire(): Wire | null {
    return this.#connection.wire;
  }

  /** Whether the hub is there and answers. */
  get up(): boolean {
    return this.#connection.wire !== null && !this.#stalled;
  }

  get lastError(): Error | undefined {
    return this.#stalled ? this.#silence() : this.#connection.lastError;
  }

  start(): void {
    this.#connection.start();
  }

  wireOrThrow(): Wire {
    const { wire } = this;
    if (wire && !this.#stalled) return wire;
    const { lastError } = this;
    throw new MediumError(`the hub is not connected (${lastError?.message ?? 'not yet'})`, lastError);
  }

  attach(inbox: SocketInbox): void {
    if (this.wire) inbox.attach(this.#options.lane, this.wire);
  }

  write(owner: string, bytes: Uint8Array): Promise<boolean> {
    const wire = this.#connection.wire;
    if (!wire || wire.closed || this.#writes.full) return Promise.resolve(false);
    if (owner === this.#owner) wire.begin(Kind.write, 0, bytes);
    else this.#writeTo(wire, owner, bytes);
    return this.#writes.add(bytes.length);
  }

  /** Asks whether all was read; counts the looks, `every` ms apart, since it was last asked without an answer. */
  look(every: number): void {
    const { wire } = this;
    if (!wire) return;
    if (this.#pinged === undefined) return this.#ping(wire);
    // Looks are counted, not time: however long this process was paused, that is one look.
    if (++this.#silent * every < this.#options.patience || this.#stalled) return;
    // A Unix socket is never half open: who is at its other end is busy, or stopped, and what was sent is not lost.
    if (this.#connection.address?.kind === 'tcp') return this.#connection.fail(this.#silence());
    this.#stalled = true;
    this.#options.claims.fail(this.#silence());
    this.#options.changed();
  }

  close(linger: number): Promise<void> {
    return this.#connection.close(linger);
  }

  message(kind: number, bytes: Buffer, start: number, end: number): void {
    const { inboxes, lane, claims } = this.#options;
    switch (kind) {
      case Kind.item: {
        const inbox = inboxes.get(bytes.readUInt32LE(start));
        this.#stamp = bytes.readDoubleLE(start + 4);
        if (inbox !== this.#reading) this.#deliver();
        this.#reading = inbox;
        inbox?.take(lane, bytes.subarray(start + 12, end), this.#stamp);
        return;
      }
      case Kind.taken:
        return this.#settle(bytes.readUInt32LE(start), true);
      case Kind.untaken:
        return this.#settle(bytes.readUInt32LE(start), false);
      case Kind.pong:
        this.#deliver();
        return this.#pong(bytes.readUInt32LE(start), bytes.readDoubleLE(start + 4));
      case Kind.attached:
        this.#deliver();
        inboxes
          .get(bytes.readUInt32LE(start))
          ?.attached(lane, bytes.readDoubleLE(start + 4), bytes.readDoubleLE(start + 12));
        return;
      case Kind.unattached:
        inboxes.get(bytes.readUInt32LE(start))?.refused(bytes.toString('utf8', start + 4, end));
        return;
      case Kind.answer:
        return claims.answered(bytes.readUInt32LE(start), bytes.toString('utf8', start + 4, end));
      case Kind.failure:
        return claims.failed(bytes.readUInt32LE(start), bytes.toString('utf8', start + 4, end));
      default:
        throw new ProtocolError(`There is no message of kind ${kind}.`);
    }
  }

  read(): void {
    this.#deliver();
  }

  #writeTo(wire: Wire, owner: string, bytes: Uint8Array): void {
    const name = Buffer.from(owner);
    const at = wire.begin(Kind.writeTo, 2 + name.length, bytes);
    wire.slab.writeUInt16LE(name.length, at);
    wire.slab.set(name, at + 2);
    this.#owner = owner;
  }

  #deliver(): void {
    const inbox = this.#reading;
    if (!inbox) return;
    this.#reading = undefined;
    // Before they are handed over: the clock is never behind what was delivered.
    this.#options.clock.hear(this.#stamp);
    inbox.wasRead(this.#options.lane);
  }

  #settle(count: number, taken: boolean): void {
    if (!this.#writes.settle(count, taken)) throw new ProtocolError('More writes were answered than there were.');
  }

  #ping(wire: Wire): void {
    for (const inbox of this.#options.inboxes.values()) inbox.confirm(this.#options.lane);
    const at = wire.begin(Kind.ping, 4);
    this.#pings = (this.#pings + 1) >>> 0;
    wire.slab.writeUInt32LE(this.#pings, at);
    this.#pinged = performance.now();
    this.#silent = 0;
  }

  #pong(number: number, now: number): void {
    if (number !== this.#pings || this.#pinged === undefined) return;
    this.#options.clock.hear(now);
    this.readAsOf = this.#pinged;
    this.#pinged = undefined;
    this.#options.ponged();
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#options.changed();
  }

  #connected(wire: Wire, now: number): void {
    this.#options.clock.hear(now);
    this.#owner = this.#pinged = undefined;
    this.#stalled = false;
    wire.handler = this;
    for (const inbox of this.#options.inboxes.values()) inbox.attach(this.#options.lane, wire);
    this.#ping(wire);
    this.#options.changed();
  }

  #lost(): void {
    const { lane, claims, changed } = this.#options;
    this.#reading = undefined;
    this.#stalled = false;
    const writes = this.#writes;
    this.#writes = new PendingWrites();
    changed();
    writes.fail();
    if (lane === 'beats') claims.fail(new MediumError('the connection to the hub was lost', this.lastError));
  }

  #silence(): MediumError {
    const { address } = this.#connection;
    const where = address ? formatAddress(address) : 'the hub';
    return new MediumError(`no answer from ${where} within ${this.#options.patience} ms`);
  }
}
