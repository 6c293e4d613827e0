import { client, currentCall, debugState } from '../../definition/index.js';
import { acquireOptions, type AcquireOptions } from '../support/durations.js';
import { shown } from '../support/shown.js';
import { Permits } from './permits.js';
import type { SemaphoreClient, SemaphoreRemote } from './proxy.js';

/** What bounded and unbounded semaphores have in common. */
export abstract class SemaphoreBase implements SemaphoreRemote {
  declare readonly [client]?: SemaphoreClient;
  readonly #permits: Permits;

  protected constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** The key of the permit, which is its fence; false where there was none to be had. */
  acquire(options?: AcquireOptions, line?: string, keyed?: boolean): bigint | false | Promise<bigint | false> {
    return this.#permits.acquire(currentCall(), acquireOptions(options, 'acquire()'), { line, keyed: keyed === true });
  }

  release(key?: bigint): void {
    if (key !== undefined && typeof key !== 'bigint') {
      throw new TypeError(`release() gives back one permit and takes no argument, got ${shown(key)}.`);
    }
    this.#permits.release(currentCall(), key);
  }

  forfeit(key: bigint): void {
    this.#permits.forfeit(currentCall(), key);
  }

  value(): number {
    return this.#permits.free;
  }

  onSharedDispose(): void {
    this.#permits.dispose();
  }

  [debugState](): Record<string, unknown> {
    return this.#permits.state();
  }
}
