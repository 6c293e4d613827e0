import { expectTask, remote } from '../../definition/index.js';
import type { LockClient, LockRemote } from '../lock/proxy.js';
import { askedFrom } from '../support/asked-from.js';
import { duration, type AcquireOptions } from '../support/durations.js';
import { runExclusive, type Exclusive } from '../support/exclusive.js';
import { shown } from '../support/shown.js';

/** A condition as applications see it: a lock, and a line of those who gave it up until they are notified. */
export interface ConditionClient extends LockClient {
  /**
   * Takes the lock of the condition, as that does it: its own and an `rlock` may be taken several times by one task.
   *
   * @throws NoTaskError outside of a task; RangeError as for a lock.
   */
  acquire(options?: AcquireOptions): Promise<boolean>;
  /**
   * Gives it back.
   *
   * @throws NoTaskError outside of a task; StateError where the caller does not hold it.
   */
  release(): Promise<void>;
  /**
   * Gives the lock up, however often it was acquired, waits to be notified, and takes it up again as it was. Answers true
   * where it was notified, false out of time. As in Python it may be true no more what it was notified of: ask again, or use
   * `waitFor`.
   *
   * A wait that fails (by its signal, the timeout of `manager.with`, or the release of its proxy) leaves the lock released.
   *
   * @param timeout ms until the notification, not until the lock is had again. Without one, for ever; with 0 or less, others
   * who wait for the lock have it before this one, and the answer is false.
   * @throws NoTaskError outside of a task; StateError where the caller does not hold the lock; TypeError for a timeout that is
   * no number.
   */
  wait(timeout?: number): Promise<boolean>;
  /**
   * Waits until `predicate` gives something true, and gives that; out of time, the last that it gave. The predicate runs
   * here, in the application, each time while the lock is held, and may be asynchronous.
   *
   * @param timeout ms for all of it but the waits for the lock; 0 or less asks once and does not wait.
   * @throws what `predicate` throws, with the lock held; else as `wait`.
   *
   * @example
   * ```ts
   * await stock.runExclusive(async () => {
   *   await stock.waitFor(async () => (await shelf.length()) > 0);
   *   return shelf.pop();
   * });
   * ```
   */
  waitFor<R>(predicate: () => R | PromiseLike<R>, timeout?: number): Promise<R>;
  /**
   * Wakes those who have waited longest, `n` at most: each goes on when it has the lock again. A notification that nobody
   * waits for is gone; one whose receiver leaves before it has its answer goes to the next who waits.
   *
   * @param n an integer, 0 or more. Default: 1.
   * @throws NoTaskError outside of a task; StateError where the caller does not hold the lock; RangeError, TypeError for an
   * `n` that is none.
   */
  notify(n?: number): Promise<void>;
  /** Wakes all who wait; else as `notify`. */
  notifyAll(): Promise<void>;
  /**
   * The fence under which the caller holds the lock, undefined where it does not. After a `wait`, in which others may have
   * had it, it is newer than the one that `runExclusive` gave.
   */
  fence(): Promise<bigint | undefined>;
}

/** A condition as its client class calls it. */
export interface ConditionRemote extends LockRemote {
  wait(timeout?: number, line?: string): Promise<boolean>;
  notify(n?: number): void;
  notifyAll(): void;
}

/** The members of conditions that run in the application. */
export class ConditionMembers {
  async acquire(options?: AcquireOptions): Promise<boolean> {
    expectTask(this, 'acquire');
    return (await remote<ConditionRemote>(this).acquire(options, askedFrom())) !== false;
  }

  async release(): Promise<void> {
    expectTask(this, 'release');
    await remote<{ release(): void }>(this).release();
  }

  async wait(timeout?: number): Promise<boolean> {
    expectTask(this, 'wait');
    return remote<ConditionRemote>(this).wait(timeout, askedFrom());
  }

  async waitFor<R>(predicate: () => R | PromiseLike<R>, timeout?: number): Promise<R> {
    expectTask(this, 'waitFor');
    if (typeof predicate !== 'function') {
      throw new TypeError(`waitFor() takes a function, the predicate, got ${shown(predicate)}.`);
    }
    const time = duration(timeout, 'waitFor()');
    const line = askedFrom();
    const condition = remote<ConditionRemote>(this);
    const end = time === undefined ? undefined : performance.now() + time;
    for (let over = false; ;) {
      const value = await predicate();
      const left = end === undefined ? undefined : end - performance.now();
      if (value || over || (left !== undefined && left <= 0)) return value;
      over = !(await condition.wait(left, line));
    }
  }

  async notify(n?: number): Promise<void> {
    expectTask(this, 'notify');
    await remote<ConditionRemote>(this).notify(n);
  }

  async notifyAll(): Promise<void> {
    expectTask(this, 'notifyAll');
    await remote<ConditionRemote>(this).notifyAll();
  }

  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R> {
    const line = askedFrom();
    const acquire = (): Promise<bigint> => remote<ConditionRemote>(this).acquire(undefined, line) as Promise<bigint>;
    return runExclusive(this, acquire, fn);
  }
}
