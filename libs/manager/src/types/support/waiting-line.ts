import type { CallContext } from '../../definition/index.js';

/** How somebody waits. */
export interface Wait<V> {
  /** Ms; undefined for ever. */
  timeout: number | undefined;
  /** The answer to whoever ran out of time. May throw. */
  timedOut: () => V;
  /** It left the line without having been served: out of time, or nobody waits for it any more. */
  left?: () => void;
}

/** A longer time is none for a timer. */
const LONGEST = 2 ** 31 - 1;

/** One call that waits, with what it wants. */
export class Waiter<D, V> {
  readonly call: CallContext;
  readonly data: D;
  readonly since = Date.now();
  /** Neighbours in the line. */
  before: Waiter<D, V> | undefined;
  behind: Waiter<D, V> | undefined;
  readonly promise: Promise<V>;
  #resolve!: (value: V) => void;
  #reject!: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #abort: (() => void) | undefined;

  constructor(call: CallContext, data: D) {
    this.call = call;
    this.data = data;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** From here on it may leave by itself. */
  begin(wait: Wait<V>, leave: () => void): void {
    const { signal } = this.call;
    this.#abort = () => {
      leave();
      this.fail(signal.reason);
      wait.left?.();
    };
    if (signal.aborted) return this.#abort();
    signal.addEventListener('abort', this.#abort, { once: true });
    if (wait.timeout === undefined || wait.timeout > LONGEST) return;
    this.#timer = setTimeout(() => {
      leave();
      try {
        this.settle(wait.timedOut());
      } catch (error) {
        this.fail(error);
      }
      wait.left?.();
    }, wait.timeout);
  }

  /** Nothing ends it by itself any more. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#abort) this.call.signal.removeEventListener('abort', this.#abort);
  }

  settle(value: V): void {
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/**
 * Calls that wait for the same thing, first come, first served. One that is not wanted any more (aborted, out of time, its
 * session over) is out of the line in the same step, with its timer and its listener, so whoever is taken from the line is
 * still waiting.
 */
export class WaitingLine<V, D = undefined> {
  #first: Waiter<D, V> | undefined;
  #last: Waiter<D, V> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whoever is next, still in the line. */
  get first(): Waiter<D, V> | undefined {
    return this.#first;
  }

  *[Symbol.iterator](): Generator<Waiter<D, V>> {
    for (let one = this.#first; one; one = one.behind) yield one;
  }

  /** Joins at the end. */
  join(call: CallContext, data: D, wait: Wait<V>): Promise<V> {
    const waiter = new Waiter<D, V>(call, data);
    waiter.before = this.#last;
    if (this.#last) this.#last.behind = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#size++;
    waiter.begin(wait, () => this.remove(waiter));
    return waiter.promise;
  }

  /** Takes the first out of the line: it is served, and nothing else ends it. */
  next(): Waiter<D, V> | undefined {
    const waiter = this.#first;
    if (waiter) this.remove(waiter);
    return waiter;
  }

  /** Takes everybody out. */
  all(): Waiter<D, V>[] {
    const all = [...this];
    for (const waiter of all) this.remove(waiter);
    return all;
  }

  remove(waiter: Waiter<D, V>): void {
    if (waiter.before) waiter.before.behind = waiter.behind;
    else if (this.#first === waiter) this.#first = waiter.behind;
    else return;
    if (waiter.behind) waiter.behind.before = waiter.before;
    else this.#last = waiter.before;
    waiter.before = waiter.behind = undefined;
    this.#size--;
    waiter.end();
  }
}
