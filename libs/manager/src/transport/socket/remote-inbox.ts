import { ProtocolError } from '../../protocol/errors.js';
import type { Mailbox } from '../memory/mailbox.js';
import type { Lane } from '../transport.js';
import { Kind } from './messages.js';
import { LONG } from './outbox.js';
import type { Wire } from './wire.js';

/** Bytes of one lane that wait to be read by the owner: what comes beyond is refused, and its sender keeps it. */
const MOST = 64 * 1024 * 1024;
/** What an item costs beside its bytes. */
const ITEM = 64;
/** Bytes of the fields of an item: inbox and stamp. */
const FIELDS = 12;

/** What was written: so many bytes of `from`, of which a view is made only where it is sent again. */
interface Item {
  readonly from: Uint8Array;
  readonly start: number;
  readonly length: number;
  readonly at: number;
}

interface Queue {
  /** What was not yet read for certain: the owner's connection may end at any moment. */
  items: Item[];
  /** How many came before the first of them. */
  first: number;
  bytes: number;
  /** Where the owner reads them, if it is there. */
  wire: Wire | undefined;
}

let numbers = 0;

/** The inbox of an owner in another process. It outlives the connections of its owner by its time to live. */
export class RemoteInbox implements Mailbox {
  /** Tells it from others of the same owner. */
  readonly number = ++numbers;
  readonly owner: string;
  /** By which the owner's connections know it. */
  readonly index: number;
  readonly ttl: number;
  alive = true;
  /** By the hub's clock, once its owner is gone. */
  expires = Infinity;
  readonly #clock: () => number;
  readonly #frames: Queue = { items: [], first: 0, bytes: 0, wire: undefined };
  readonly #beats: Queue = { items: [], first: 0, bytes: 0, wire: undefined };

  constructor(owner: string, index: number, ttl: number, clock: () => number) {
    this.owner = owner;
    this.index = index;
    this.ttl = ttl;
    this.#clock = clock;
  }

  append(lane: Lane, bytes: Uint8Array): boolean {
    return this.#put(this.#queue(lane), bytes, false);
  }

  push(lane: Lane, bytes: Uint8Array): boolean {
    return this.#put(this.#queue(lane), bytes, true);
  }

  read(): void {
    // Was sent as it was put in.
  }

  /** The owner reads `lane` here from now on: behind what it has read of this very inbox, else from its start. */
  attach(lane: Lane, wire: Wire, number: number, count: number): void {
    const queue = this.#queue(lane);
    queue.wire = wire;
    if (number === this.number) forget(queue, count);
    const at = wire.begin(Kind.attached, 20);
    wire.slab.writeUInt32LE(this.index, at);
    wire.slab.writeDoubleLE(this.number, at + 4);
    wire.slab.writeDoubleLE(queue.first, at + 12);
    for (const { from, start, length, at } of queue.items) this.#send(wire, from.subarray(start, start + length), at);
  }

  /** `wire` is gone. */
  detach(lane: Lane, wire: Wire): void {
    const queue = this.#queue(lane);
    if (queue.wire === wire) queue.wire = undefined;
  }

  /** The owner has read so many items of `lane`. */
  wasRead(lane: Lane, count: number): void {
    forget(this.#queue(lane), count);
  }

  #queue(lane: Lane): Queue {
    return lane === 'beats' ? this.#beats : this.#frames;
  }

  #put(queue: Queue, bytes: Uint8Array, owned: boolean): boolean {
    const { wire } = queue;
    if (queue.items.length > 0 && queue.bytes + bytes.length + ITEM > MOST) {
      wire?.destroy(new ProtocolError(`The owner of the inbox ${this.owner} does not read it.`));
      return false;
    }
    const at = this.#clock();
    let from = bytes;
    let start = 0;
    if (bytes.length > LONG) {
      if (!owned) from = Buffer.from(bytes);
      if (wire) this.#send(wire, from, at);
    } else if (wire) {
      start = this.#send(wire, bytes, at) + FIELDS;
      from = wire.slab;
    } else from = Buffer.from(bytes);
    queue.items.push({ from, start, length: bytes.length, at });
    queue.bytes += bytes.length + ITEM;
    return true;
  }

  #send(wire: Wire, bytes: Uint8Array, at: number): number {
    const start = wire.begin(Kind.item, FIELDS, bytes);
    wire.slab.writeUInt32LE(this.index, start);
    wire.slab.writeDoubleLE(at, start + 4);
    return start;
  }
}

function forget(queue: Queue, count: number): void {
  const read = Math.min(count - queue.first, queue.items.length);
  if (!(read > 0)) return;
  for (const { length } of queue.items.splice(0, read)) queue.bytes -= length + ITEM;
  queue.first += read;
}
