import { AsyncResource } from 'node:async_hooks';
import type { Delivery, Inbox, InboxReader, Lane } from '../transport.js';
import type { Mailbox } from './mailbox.js';

/** How much is kept after delivery at least, so that `reread` repeats what a reader must be able to recognise. */
const KEPT = 64;
const KEPT_BYTES = 1024 * 1024;

interface Queue {
  /** Reads, the newest last; when these are enough, those before them go. */
  kept: (readonly Delivery[])[];
  keptBefore: (readonly Delivery[])[];
  keptItems: number;
  keptBytes: number;
  waiting: Delivery[];
}

/** Ms between two reads where nothing comes: a server ends sessions only after a read that found no beat of theirs. */
const LOOK = 250;

export interface MemoryInboxOptions {
  ttl: number;
  reader: InboxReader;
  clock: () => number;
  remove: () => void;
  /** Whether it is read to its end when nothing waits in it; else whoever knows what is on its way says so by `drained`. */
  alone: boolean;
}

/** What others have written for one owner. It outlives an owner that was killed by its time to live. */
export class MemoryInbox implements Inbox, Mailbox {
  readonly #frames = emptyQueue();
  readonly #beats = emptyQueue();
  readonly #options: MemoryInboxOptions;
  #reader: InboxReader | null;
  #expires = Infinity;
  readonly #look: NodeJS.Timeout | undefined;
  #scheduled = false;
  /** As over any other medium, what reads does not run as part of what wrote. */
  readonly #context = new AsyncResource('MemoryInbox');

  constructor(options: MemoryInboxOptions) {
    this.#options = options;
    this.#reader = options.reader;
    if (!options.alone) return;
    this.#look = setInterval(() => this.#schedule(), LOOK);
    this.#look.unref();
  }

  get alive(): boolean {
    return this.#expires === Infinity || this.#options.clock() < this.#expires;
  }

  append(lane: Lane, bytes: Uint8Array): boolean {
    this.push(lane, Buffer.from(bytes));
    this.#schedule();
    return true;
  }

  push(lane: Lane, bytes: Uint8Array): boolean {
    const queue = this.#queue(lane);
    const delivery = { bytes, at: this.#options.clock() };
    // One alone is the rule: a list that grows takes room for many.
    if (queue.waiting.length === 0) queue.waiting = [delivery];
    else queue.waiting.push(delivery);
    return true;
  }

  read(): void {
    this.#deliver(this.#beats, 'beats');
    this.#deliver(this.#frames, 'frames');
  }

  reread(): void {
    for (const queue of [this.#beats, this.#frames]) {
      queue.waiting = [...queue.keptBefore.flat(), ...queue.kept.flat(), ...queue.waiting];
      queue.kept = [];
      queue.keptBefore = [];
      queue.keptItems = queue.keptBytes = 0;
    }
    this.#schedule();
  }

  /** Everything that others had written by `asOf` is in it; hands that over and says so. */
  drained(asOf: number): void {
    this.#context.runInAsyncScope(() => {
      this.read();
      this.#reader?.drained(asOf);
    });
  }

  close(): Promise<void> {
    clearInterval(this.#look);
    this.#reader = null;
    this.#options.remove();
    return Promise.resolve();
  }

  /** The owner is gone without a word: others may write until the time to live is over. */
  abandon(): void {
    const { clock, ttl, remove } = this.#options;
    clearInterval(this.#look);
    this.#reader = null;
    this.#expires = clock() + ttl;
    setTimeout(remove, ttl).unref();
  }

  #queue(lane: Lane): Queue {
    return lane === 'beats' ? this.#beats : this.#frames;
  }

  /** A turn later, like any medium; all that came in the same turn is one read. */
  #schedule(): void {
    if (this.#scheduled || this.#reader === null) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#options.alone) this.drained(performance.now());
      else this.#context.runInAsyncScope(() => this.read());
    });
  }

  #deliver(queue: Queue, lane: Lane): void {
    const deliveries = queue.waiting;
    if (deliveries.length === 0 || !this.#reader) return;
    queue.waiting = NONE;
    keep(queue, deliveries);
    this.#reader.deliver(lane, deliveries);
  }
}

/** What nothing is ever added to. */
const NONE: Delivery[] = [];

function emptyQueue(): Queue {
  return { kept: [], keptBefore: [], keptItems: 0, keptBytes: 0, waiting: NONE };
}

function keep(queue: Queue, deliveries: readonly Delivery[]): void {
  const least = Math.max(0, deliveries.length - KEPT);
  let bytes = 0;
  let from = deliveries.length;
  for (; from > least; from--) {
    const { length } = (deliveries[from - 1] as Delivery).bytes;
    if (bytes + length > KEPT_BYTES) break;
    bytes += length;
  }
  // Nothing is kept of what came before one that is not kept: what is read again has no hole.
  if (from > 0) {
    queue.kept = [];
    queue.keptBefore = [];
    queue.keptItems = queue.keptBytes = 0;
  }
  if (from === deliveries.length) return;
  queue.kept.push(from === 0 ? deliveries : deliveries.slice(from));
  queue.keptItems += deliveries.length - from;
  queue.keptBytes += bytes;
  if (queue.keptItems < KEPT && queue.keptBytes < KEPT_BYTES) return;
  queue.keptBefore = queue.kept;
  queue.kept = [];
  queue.keptItems = queue.keptBytes = 0;
}
