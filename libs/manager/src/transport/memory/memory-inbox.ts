import { AsyncResource } from 'node:async_hooks';
import type { Delivery, Inbox, InboxReader, Lane } from '../transport.js';

/** How much is kept after delivery, so that `reread` repeats what a reader must be able to recognise. */
const KEPT = 64;

interface Queue {
  readonly kept: Delivery[];
  readonly waiting: Delivery[];
}

/** Ms between two reads where nothing comes: a server ends sessions only after a read that found no beat of theirs. */
const LOOK = 250;

/** What others have written for one owner. It outlives an owner that was killed by its time to live. */
export class MemoryInbox implements Inbox {
  readonly #frames: Queue = { kept: [], waiting: [] };
  readonly #beats: Queue = { kept: [], waiting: [] };
  readonly #ttl: number;
  readonly #clock: () => number;
  readonly #remove: () => void;
  #reader: InboxReader | null;
  #expires = Infinity;
  readonly #look: NodeJS.Timeout;
  #scheduled = false;
  /** As over any other medium, what reads does not run as part of what wrote. */
  readonly #context = new AsyncResource('MemoryInbox');

  constructor(ttl: number, reader: InboxReader, clock: () => number, remove: () => void) {
    this.#ttl = ttl;
    this.#reader = reader;
    this.#clock = clock;
    this.#remove = remove;
    this.#look = setInterval(() => this.#schedule(), LOOK);
    this.#look.unref();
  }

  get alive(): boolean {
    return this.#clock() < this.#expires;
  }

  append(lane: Lane, bytes: Uint8Array): void {
    this.#queue(lane).waiting.push({ bytes: Buffer.from(bytes), at: this.#clock() });
    this.#schedule();
  }

  reread(): void {
    for (const queue of [this.#beats, this.#frames]) queue.waiting.unshift(...queue.kept.splice(0));
    this.#schedule();
  }

  close(): Promise<void> {
    clearInterval(this.#look);
    this.#reader = null;
    this.#remove();
    return Promise.resolve();
  }

  /** The owner is gone without a word: others may write until the time to live is over. */
  abandon(): void {
    clearInterval(this.#look);
    this.#reader = null;
    this.#expires = this.#clock() + this.#ttl;
    setTimeout(this.#remove, this.#ttl).unref();
  }

  #queue(lane: Lane): Queue {
    return lane === 'beats' ? this.#beats : this.#frames;
  }

  /** A turn later, like any medium; all that came in the same turn is one read. */
  #schedule(): void {
    if (this.#scheduled || this.#reader === null) return;
    this.#scheduled = true;
    setImmediate(() => this.#context.runInAsyncScope(() => this.#read()));
  }

  #read(): void {
    this.#scheduled = false;
    const asOf = performance.now();
    this.#deliver('beats');
    this.#deliver('frames');
    this.#reader?.drained(asOf);
  }

  #deliver(lane: Lane): void {
    const queue = this.#queue(lane);
    const deliveries = queue.waiting.splice(0);
    if (deliveries.length === 0) return;
    queue.kept.push(...deliveries.slice(-KEPT));
    queue.kept.splice(0, queue.kept.length - KEPT);
    this.#reader?.deliver(lane, deliveries);
  }
}
