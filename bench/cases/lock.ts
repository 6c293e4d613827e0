import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';
import type { Lock } from '../system.js';

/** Each caller has a lock of its own, so that none ever waits for another. */
export default {
  unit: 'acquire + release/s',
  callers: [1, 32],
  async measure(target, cell) {
    if (!target.lock) return undefined;
    const locks: Lock[] = [];
    for (let i = 0; i < cell.callers; i++) locks.push(await target.lock(`own-${i}`));
    return closedLoop(async (caller) => {
      const lock = locks[caller]!;
      await lock.acquire();
      await lock.release();
    }, cell);
  },
} satisfies Case;
