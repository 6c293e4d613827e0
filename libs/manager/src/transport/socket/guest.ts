import { ProtocolError } from '../../protocol/errors.js';
import type { Mailbox } from '../memory/mailbox.js';
import type { MemoryStore } from '../memory/memory-store.js';
import type { ClaimKey, Lane } from '../transport.js';
import { Kind, type Question } from './messages.js';
import { RemoteInbox } from './remote-inbox.js';
import type { Wire, WireHandler } from './wire.js';

/** What a hub lends to those who are connected to it. */
export interface HubRoom {
  readonly inboxes: Map<string, Mailbox>;
  readonly store: MemoryStore;
  now(): number;
  /** Something was pushed into `mailbox`. */
  touch(mailbox: Mailbox): void;
  /** One read of `lane` was handed over. */
  wasRead(lane: Lane, bytes: number): void;
}

/** Numbers of closed inboxes that are remembered. */
const MOST_CLOSED = 4096;
/** Inboxes that one client may have. */
const MOST_INBOXES = 1024;

/** A client of a hub: a transport in another process. It stays while its connections come and go. */
export class Guest {
  readonly id: string;
  readonly inboxes = new Map<number, RemoteInbox>();
  readonly #room: HubRoom;
  readonly #closed = new Set<number>();
  readonly #wires: Record<Lane, Wire | undefined> = { frames: undefined, beats: undefined };

  constructor(id: string, room: HubRoom) {
    this.id = id;
    this.#room = room;
  }

  get here(): boolean {
    return this.#wires.frames !== undefined || this.#wires.beats !== undefined;
  }

  /** It is connected anew: whatever it had before is given up. */
  enter(lane: Lane, wire: Wire): void {
    const before = this.#wires[lane];
    this.#wires[lane] = wire;
    before?.destroy();
    wire.handler = new GuestWire(this, this.#room, lane, wire);
    for (const inbox of this.inboxes.values()) inbox.expires = Infinity;
  }

  left(lane: Lane, wire: Wire): void {
    for (const inbox of this.inboxes.values()) inbox.detach(lane, wire);
    if (this.#wires[lane] === wire) this.#wires[lane] = undefined;
    if (this.here) return;
    for (const inbox of this.inboxes.values()) inbox.expires = this.#room.now() + inbox.ttl;
  }

  /** Removes the inboxes whose time is over, after it went without a word. */
  expire(now: number): void {
    for (const inbox of this.inboxes.values()) if (inbox.expires <= now) this.remove(inbox);
  }

  attach(
    lane: Lane,
    wire: Wire,
    wanted: { index: number; ttl: number; number: number; read: number; owner: string },
  ): void {
    const { index, owner } = wanted;
    let inbox = this.inboxes.get(index);
    if (!inbox) {
      // Asked for on one connection, and closed on the other one, which was faster.
      if (this.#closed.has(index)) return refuse(wire, index, 'the inbox was closed');
      if (this.#room.inboxes.get(owner)?.alive) return refuse(wire, index, `the inbox of ${owner} is open already`);
      if (this.inboxes.size >= MOST_INBOXES) return refuse(wire, index, `a client has at most ${MOST_INBOXES} inboxes`);
      inbox = new RemoteInbox(owner, index, wanted.ttl, () => this.#room.now());
      this.inboxes.set(index, inbox);
      this.#room.inboxes.set(owner, inbox);
    } else if (inbox.owner !== owner) throw new ProtocolError('One number stands for two inboxes.');
    inbox.attach(lane, wire, wanted.number, wanted.read);
  }

  close(index: number): void {
    this.#closed.add(index);
    if (this.#closed.size > MOST_CLOSED)
      for (const oldest of this.#closed) {
        this.#closed.delete(oldest);
        break;
      }
    const inbox = this.inboxes.get(index);
    if (inbox) this.remove(inbox);
  }

  remove(inbox: RemoteInbox): void {
    inbox.alive = false;
    this.inboxes.delete(inbox.index);
    if (this.#room.inboxes.get(inbox.owner) === inbox) this.#room.inboxes.delete(inbox.owner);
  }
}

/** One connection of a client, after it was let in. */
class GuestWire implements WireHandler {
  readonly #guest: Guest;
  readonly #room: HubRoom;
  readonly #lane: Lane;
  readonly #wire: Wire;
  #owner = '';
  /** Writes of this read that were answered alike. */
  #answers = 0;
  #taken = true;

  constructor(guest: Guest, room: HubRoom, lane: Lane, wire: Wire) {
    this.#guest = guest;
    this.#room = room;
    this.#lane = lane;
    this.#wire = wire;
  }

  message(kind: number, bytes: Buffer, start: number, end: number): void {
    switch (kind) {
      case Kind.write:
        return this.#write(bytes.subarray(start, end));
      case Kind.writeTo: {
        const from = start + 2 + bytes.readUInt16LE(start);
        if (from > end) throw new ProtocolError('An owner is longer than the message that names it.');
        this.#owner = bytes.toString('utf8', start + 2, from);
        return this.#write(bytes.subarray(from, end));
      }
      case Kind.read:
        this.#guest.inboxes.get(bytes.readUInt32LE(start))?.wasRead(this.#lane, bytes.readDoubleLE(start + 4));
        return;
      case Kind.ping:
        return this.#pong(bytes.readUInt32LE(start));
      case Kind.attach:
        return this.#guest.attach(this.#lane, this.#wire, {
          index: bytes.readUInt32LE(start),
          ttl: milliseconds(bytes.readDoubleLE(start + 4)),
          number: bytes.readDoubleLE(start + 12),
          read: bytes.readDoubleLE(start + 20),
          owner: bytes.toString('utf8', start + 28, end),
        });
      case Kind.ask:
        return this.#ask(bytes.readUInt32LE(start), bytes.toString('utf8', start + 4, end));
      default:
        throw new ProtocolError(`There is no message of kind ${kind}.`);
    }
  }

  read(bytes: number): void {
    this.#room.wasRead(this.#lane, bytes);
    this.#answer();
  }

  #write(bytes: Buffer): void {
    const mailbox = this.#room.inboxes.get(this.#owner);
    const taken = mailbox !== undefined && mailbox.alive && mailbox.push(this.#lane, bytes);
    if (taken) this.#room.touch(mailbox);
    if (taken !== this.#taken) this.#answer();
    this.#taken = taken;
    this.#answers++;
  }

  /** One message for all writes in a row that went alike. */
  #answer(): void {
    if (this.#answers === 0) return;
    const at = this.#wire.begin(this.#taken ? Kind.taken : Kind.untaken, 4);
    this.#wire.slab.writeUInt32LE(this.#answers, at);
    this.#answers = 0;
  }

  #pong(number: number): void {
    const at = this.#wire.begin(Kind.pong, 12);
    this.#wire.slab.writeUInt32LE(number, at);
    this.#wire.slab.writeDoubleLE(this.#room.now(), at + 4);
  }

  #ask(number: number, text: string): void {
    let kind: number = Kind.answer;
    let reply: Buffer;
    const question = JSON.parse(text) as Question;
    try {
      reply = Buffer.from(JSON.stringify(this.#reply(question) ?? null));
    } catch (error) {
      kind = Kind.failure;
      reply = Buffer.from((error as Error).message);
    }
    const at = this.#wire.begin(kind, 4, reply);
    this.#wire.slab.writeUInt32LE(number, at);
  }

  #reply(question: Question): unknown {
    const { store } = this.#room;
    switch (question[0]) {
      case 'compareAndSet': {
        const [, kind, tag, expected, next, ttl] = question;
        return store.compareAndSet(claimKey(kind, tag), textOrNull(expected), textOrNull(next), milliseconds(ttl));
      }
      case 'read':
        return store.read(claimKey(question[1], question[2]));
      case 'renew': {
        const [, value, ttl, keys] = question;
        const wanted = keys.map(([kind, tag]) => claimKey(kind, tag));
        const lost = new Set(store.renew(wanted, text(value), milliseconds(ttl)));
        return wanted.flatMap((key, index) => (lost.has(key) ? [index] : []));
      }
      case 'nextGeneration':
        return store.nextGeneration();
      case 'announce':
        return store.announce(text(question[1]), textOrNull(question[2]));
      case 'announced':
        return [...store.announced()];
      case 'close':
        return this.#guest.close(question[1]);
      default:
        throw new ProtocolError('There is no such question.');
    }
  }
}

function refuse(wire: Wire, index: number, text: string): void {
  const at = wire.begin(Kind.unattached, 4, Buffer.from(text));
  wire.slab.writeUInt32LE(index, at);
}

function claimKey(kind: unknown, tag: unknown): ClaimKey {
  if (kind !== 'server' && kind !== 'name') throw new ProtocolError('There is no such kind of claim.');
  return { kind, tag: text(tag) };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new ProtocolError('A text is none.');
  return value;
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value);
}

function milliseconds(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new ProtocolError('A time is none.');
  return value;
}
