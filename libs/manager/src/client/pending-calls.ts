import { performance } from 'node:perf_hooks';
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

/**
 * The calls of a session that wait. One timer for all of them, armed for the earliest deadline: calls are many, live for
 * less than a millisecond, and nearly none reaches its deadline, so a timer each would cost more than the call.
 */
export class PendingCalls {
  readonly #calls = new Map<number, Pending>();
  readonly #expire: (pending: Pending) => void;
  #earliest = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(expire: (pending: Pending) => void) {
    this.#expire = expire;
  }

  get size(): number {
    return this.#calls.size;
  }

  add(pending: Pending): void {
    this.#calls.set(pending.number, pending);
    if (pending.deadline < this.#earliest) this.#arm(pending.deadline);
  }

  /** Where it came from, in development; else where the proxy did. */
  madeAt(number: number): Error | undefined {
    const pending = this.#calls.get(number);
    return pending?.madeAt ?? pending?.handle?.root.madeAt;
  }

  /** The call, which from here on waits no more. */
  take(number: number): Pending | undefined {
    const pending = this.#calls.get(number);
    if (pending) {
      this.#calls.delete(number);
      pending.unlisten?.();
    }
    return pending;
  }

  /** The handle that a call was made with that waits for its answer. */
  maker(number: number): Handle | undefined {
    return this.#calls.get(number)?.handle;
  }

  takeAll(): Pending[] {
    const all = [...this.#calls.values()];
    for (const pending of all) this.take(pending.number);
    clearTimeout(this.#timer);
    this.#earliest = Infinity;
    return all;
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
    for (const pending of [...this.#calls.values()]) {
      if (pending.deadline <= now) this.#expire(pending);
      else if (pending.deadline < next) next = pending.deadline;
    }
    if (next < this.#earliest) this.#arm(next);
  }
}
