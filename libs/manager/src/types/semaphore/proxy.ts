import { remote } from '../../definition/index.js';
import { askedFrom } from '../support/asked-from.js';
import type { AcquireOptions } from '../support/durations.js';
import { runExclusive, type Exclusable, type Exclusive } from '../support/exclusive.js';

/** A semaphore, bounded or not, as applications see it: permits, over all applications. */
export interface SemaphoreClient {
  /**
   * Takes a permit; where none is free, waits in line for one. It belongs to this application's session until it is
   * released: if the application dies, it comes back within its lease. Answers whether there was one: false only without
   * `blocking`, or out of time.
   *
   * @throws RangeError for a negative timeout other than -1, and for a timeout without `blocking`.
   */
  acquire(options?: AcquireOptions): Promise<boolean>;
  /**
   * Gives back a permit that this application acquired: the oldest of the task that calls, or else the oldest of them all.
   * Where it has none, one is added: who waits for it may be another application. What `runExclusive` holds is not touched.
   *
   * @throws RangeError where the semaphore is bounded and would have more permits, free and held, than it was made with.
   */
  release(): Promise<void>;
  /** How many permits are free now. */
  value(): Promise<number>;
  /**
   * Runs `fn` while a permit is held, and gives that one back whatever happens; gives its result. `fn` gets the `fence`, a
   * number that grows from grant to grant, and a `signal` that fires when the permit is, or may be, lost.
   *
   * @throws what `fn` throws; SessionExpiredError or ObjectLostError where the permit was lost while `fn` ran, although it
   * came to its end; CallTimeoutError and CallAbortedError where `manager.with` says so, before `fn` ran.
   *
   * @example
   * ```ts
   * const report = await semaphore.runExclusive(({ signal }) => render(order, { signal }));
   * ```
   */
  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R>;
}

/** A semaphore as its client class calls it. */
export interface SemaphoreRemote extends Exclusable {
  /** The key of the permit, which is its fence. With `keyed` it is given back by that key alone. */
  acquire(options?: AcquireOptions, line?: string, keyed?: boolean): bigint | false | Promise<bigint | false>;
}

/** The members of semaphores that run in the application. */
export class SemaphoreMembers {
  async acquire(options?: AcquireOptions): Promise<boolean> {
    return (await remote<SemaphoreRemote>(this).acquire(options, askedFrom())) !== false;
  }

  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R> {
    const line = askedFrom();
    const acquire = (): Promise<bigint> =>
      remote<SemaphoreRemote>(this).acquire(undefined, line, true) as Promise<bigint>;
    return runExclusive(this, acquire, fn);
  }
}
