import { SharedType } from '../../definition/index.js';
import { checkCount } from '../support/count.js';
import { SemaphoreBase } from './base.js';
import { Permits } from './permits.js';
import { SemaphoreMembers } from './proxy.js';

/**
 * Permits over all applications: Python's `Semaphore`, with owners. At most as many hold one at a time as there are, unless
 * `release()` adds some.
 *
 * @example
 * ```ts
 * const renderers = await manager.named('renderers').semaphore(4);
 * await renderers.runExclusive(() => render(page)); // at most four at a time
 * ```
 */
@SharedType({ typeid: 'semaphore', waits: ['acquire'], proxy: () => SemaphoreMembers })
export class Semaphore extends SemaphoreBase {
  /** @param n how many permits there are; an integer, 0 or more. */
  constructor(n = 1) {
    super(new Permits(checkCount(n, 0, 'The number of permits'), Infinity));
  }
}
