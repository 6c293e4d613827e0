import { expectTask, remote } from '../../definition/index.js';
import type { LockClient, LockRemote } from '../lock/proxy.js';
import { askedFrom } from '../support/asked-from.js';
import type { AcquireOptions } from '../support/durations.js';
import { runExclusive, type Exclusive } from '../support/exclusive.js';

/** An rlock as applications see it: a lock that belongs to a task, which may acquire it several times. */
export interface RLockClient extends LockClient {
  /**
   * Takes the lock, or takes it once more where the task has it already; where another has it, waits in line for it. It is
   * free again after as many `release()`. Answers whether it was taken.
   *
   * @throws NoTaskError outside of a task; RangeError as for a lock.
   */
  acquire(options?: AcquireOptions): Promise<boolean>;
  /**
   * Gives back one `acquire()` of the task.
   *
   * @throws NoTaskError outside of a task; StateError where the task does not hold it.
   */
  release(): Promise<void>;
}

/** The members of rlocks that run in the application. */
export class RLockMembers {
  async acquire(options?: AcquireOptions): Promise<boolean> {
    expectTask(this, 'acquire');
    return (await remote<LockRemote>(this).acquire(options, askedFrom())) !== false;
  }

  async release(): Promise<void> {
    expectTask(this, 'release');
    await remote<{ release(): void }>(this).release();
  }

  runExclusive<R>(fn: (held: Exclusive) => R | PromiseLike<R>): Promise<R> {
    const line = askedFrom();
    const acquire = (): Promise<bigint> => remote<LockRemote>(this).acquire(undefined, line) as Promise<bigint>;
    return runExclusive(this, acquire, fn);
  }
}
