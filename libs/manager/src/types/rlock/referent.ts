import { client, currentCall, debugState, SharedType } from '../../definition/index.js';
import type { LockRemote } from '../lock/proxy.js';
import { acquireOptions, type AcquireOptions } from '../support/durations.js';
import { Mutex } from '../support/mutex.js';
import { RLockMembers, type RLockClient } from './proxy.js';

/**
 * A lock over all applications that the task which holds it may acquire again: Python's `RLock`. It is used inside a task,
 * and `runExclusive(fn)` makes one where there is none.
 *
 * @example
 * ```ts
 * const lock = await manager.named('ledger').rlock();
 * await lock.runExclusive(() => transfer(from, to)); // which may take the same lock again
 * ```
 */
@SharedType({ typeid: 'rlock', waits: ['acquire'], proxy: () => RLockMembers })
export class RLock implements LockRemote {
  declare readonly [client]?: RLockClient;
  readonly #mutex = new Mutex('rlock', true);

  /** What conditions over a lock work on. */
  static mutexOf(lock: RLock): Mutex {
    return lock.#mutex;
  }

  /** The key of the hold, which is its first fence; false where it was not to be had. */
  acquire(options?: AcquireOptions, line?: string): bigint | false | Promise<bigint | false> {
    return this.#mutex.acquire(currentCall(), acquireOptions(options, 'acquire()'), line);
  }

  release(key?: bigint): void {
    this.#mutex.release(currentCall(), key);
  }

  forfeit(key: bigint): void {
    this.#mutex.forfeit(currentCall(), key);
  }

  locked(): boolean {
    return this.#mutex.locked;
  }

  fence(): bigint | undefined {
    return this.#mutex.fence(currentCall());
  }

  onSharedDispose(): void {
    this.#mutex.dispose();
  }

  [debugState](): Record<string, unknown> {
    return this.#mutex.state();
  }
}
