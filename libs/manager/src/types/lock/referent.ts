import { client, currentCall, debugState, SharedType } from '../../definition/index.js';
import { acquireOptions, type AcquireOptions } from '../support/durations.js';
import { Mutex } from '../support/mutex.js';
import { LockMembers, type LockClient, type LockRemote } from './proxy.js';

/**
 * A lock over all applications: Python's `Lock`, with an owner. What it guards is safe from an owner that was paused only
 * where that checks fences; see `docs/types/lock.md`.
 *
 * @example
 * ```ts
 * const lock = await manager.named('ledger').lock();
 * await lock.runExclusive(({ fence }) => ledger.append(entry, fence));
 * ```
 */
@SharedType({ typeid: 'lock', waits: ['acquire'], proxy: () => LockMembers })
export class Lock implements LockRemote {
  declare readonly [client]?: LockClient;
  readonly #mutex = new Mutex('lock', false);

  /** What conditions over a lock work on. */
  static mutexOf(lock: Lock): Mutex {
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
