import type { Handle, Target } from '../definition/index.js';
import type { Outgoing } from '../link/index.js';
import type { ObjectRecord } from './object-record.js';

/** A call that waits for its answer. */
export interface Pending {
  readonly number: number;
  readonly method: string;
  readonly typeid: string | undefined;
  readonly record: ObjectRecord | undefined;
  /** What its arguments refer to: held until it is answered. */
  readonly pins: readonly Target[] | undefined;
  /** Where it was made, in development. */
  readonly madeAt: Error | undefined;
  /** The handle that it was made with. */
  readonly handle: Handle | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timeout: number;
  /** By the monotonic clock; Infinity without a timeout. */
  readonly deadline: number;
  outgoing: Outgoing | undefined;
  /** Takes the listeners off the signals that may end it. */
  unlisten: (() => void) | undefined;
}

/** A sweep is not worth more than this precision (ms). */
const GRAIN = 4;
/** A power of two: calls that are further apart than this share a place. */
const PLACES = 256;

/**
 * The calls of a session that wait. Numbers follow one another, so nearly every call has a place of its own in a list: a
 * `Map` that is filled and emptied again, call by call, is made anew each time.
 *
 * One timer for all of them, armed for the earliest deadline: calls are many, live for less than a millisecond, and nearly
 * none reaches its deadline, so a timer each would cost more than the call.
 */
export class PendingCalls {
  readonly #places = new Array<Pending | undefined>(PLACES).fill(undefined);
  /** Those whose place is taken by one that waits longer. */
  readonly #others = new Map<number, Pending>();
  #size = 0;
  readonly #expire: (pending: Pending) => void;
  #earliest = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(expire: (pending: Pending) => void) {
    this.#expire = expire;
  }

  get size(): number {
    return this.#size;
  }

  add(pending: Pending): void {
    this.#size++;
    const place = pending.number % PLACES;
    if (this.#places[place]) this.#others.set(pending.number, pending);
    else this.#places[place] = pending;
    if (pending.deadline < this.#earliest) this.#arm(pending.deadline);
  }

  /** Where it came from, in development; else where the proxy did. */
  madeAt(number: number): Error | undefined {
    const pending = this.#find(number);
    return pending?.madeAt ?? pending?.handle?.root.madeAt;
  }

  /** The call, which from here on waits no more. */
  take(number: number): Pending | undefined {
    const pending = this.#find(number);
    if (!pending) return undefined;
    this.#size--;
    const place = number % PLACES;
    if (this.#places[place] === pending) this.#places[place] = undefined;
    else this.#others.delete(number);
    pending.unlisten?.();
    return pending;
  }

  /** The handle that a call was made with that waits for its answer. */
  maker(number: number): Handle | undefined {
    return this.#find(number)?.handle;
  }

  takeAll(): Pending[] {
    const all = this.#all();
    for (const pending of all) this.take(pending.number);
    clearTimeout(this.#timer);
    this.#earliest = Infinity;
    return all;
  }

  #find(number: number): Pending | undefined {
    const pending = this.#places[number % PLACES];
    return pending?.number === number ? pending : this.#others.get(number);
  }

  /** In the order in which they were made. */
  #all(): Pending[] {
    const all = this.#places.filter((pending) => pending !== undefined);
    return [...all, ...this.#others.values()].sort((one, other) => one.number - other.number);
  }

  #arm(deadline: number): void {
    this.#earliest = deadline;
    clearTimeout(this.#timer);
    // Not unref'd: a program that only awaits a call must live to see it fail.
    this.#timer = setTimeout(() => this.#sweep(), Math.max(GRAIN, deadline - performance.now()));
  }

  #sweep(): void {
    const now = performance.now();
    this.#earliest = Infinity;
    let next = Infinity;
    for (const pending of this.#all()) {
      if (pending.deadline <= now) this.#expire(pending);
      else if (pending.deadline < next) next = pending.deadline;
    }
    if (next < this.#earliest) this.#arm(next);
  }
}
