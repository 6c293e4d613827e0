import { remote } from '../../definition/index.js';
import { askedFrom } from '../support/asked-from.js';
import type { AcquireOptions } from '../support/durations.js';
import { runExclusive, type Exclusable, type Exclusive } from '../support/exclusive.js';

/** A lock as applications see it: one owner at a time, over all applications. */
export interface LockClient {
  /**
   * Takes the lock; where it is held, waits in line for it. It belongs to this application's session until it is released:
   * if the application dies, it is released within its lease. Answers whether it was taken: false only without `blocking`,
   * or out of time.
   *
   * @throws RangeError for a negative timeout other than -1, and for a timeout without `blocking`.
   */
  acquire(options?: AcquireOptions): Promise<boolean>;
  /**
   * Gives it back, and to the next in line. Any task of the application that took it may do so.
   *
   * @throws StateError where this application does not hold it: it never did, or it was lost.
   */
  release(): Promise<void>;
  /** Whether anybody holds it now. */
  locked(): Promise<boolean>;
  /** The fence under which this application holds it; undefined where it does not. See `runExclusive`. */
  fence(): Promise<bigint | undefined>;
  /**
   * Runs `fn` while it is held, and releases it whatever happens; gives its result. `fn` gets the `fence`, a number that
   * grows from owner to owner, and a `signal` that fires when the lock is, or may be, lost.
   *
   * @throws what `fn` throws; SessionExpiredError or ObjectLostError where the lock was lost while `fn` ran, although it came
   * to its end; CallTimeoutError and CallAbortedError where `manager.with` says so, before `fn` ran.
   *
   * @example
   * ```ts
   * await lock.runExclusive(async ({ fence, signal }) => {
   *   const account = await bank.read(id, { signal });
   *   await bank.write(id, account.balance - 10, { fence });
   * });
   * ```
   */
  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R>;
}

/** A lock as its client class calls it. */
export interface LockRemote extends Exclusable {
  acquire(options?: AcquireOptions, line?: string): bigint | false | Promise<bigint | false>;
}

/** The members of locks that run in the application. */
export class LockMembers {
  async acquire(options?: AcquireOptions): Promise<boolean> {
    return (await remote<LockRemote>(this).acquire(options, askedFrom())) !== false;
  }

  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R> {
    const line = askedFrom();
    const acquire = (): Promise<bigint> => remote<LockRemote>(this).acquire(undefined, line) as Promise<bigint>;
    return runExclusive(this, acquire, fn);
  }
}
