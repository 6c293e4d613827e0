import { SharedType } from '../../definition/index.js';
import { SemaphoreBase } from '../semaphore/base.js';
import { Permits } from '../semaphore/permits.js';
import { SemaphoreMembers } from '../semaphore/proxy.js';
import { checkCount } from '../support/count.js';

/**
 * A semaphore that never has more permits, free and held, than it was made with: a `release()` too many is an error and not
 * one more permit. Python's `BoundedSemaphore`, with owners.
 *
 * @example
 * ```ts
 * const connections = await manager.named('connections').boundedSemaphore(10);
 * await connections.runExclusive(() => query(database));
 * ```
 */
@SharedType({ typeid: 'boundedSemaphore', waits: ['acquire'], proxy: () => SemaphoreMembers })
export class BoundedSemaphore extends SemaphoreBase {
  /** @param n how many permits there are; an integer, 0 or more. */
  constructor(n = 1) {
    super(new Permits(checkCount(n, 0, 'The number of permits'), n));
  }
}
