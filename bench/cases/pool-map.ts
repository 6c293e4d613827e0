import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

const ITEMS = Array.from({ length: 1000 }, (_, index) => index);

/** Each caller has a thousand tasks run in a pool of two threads by one call. What is timed is the call, what is counted the tasks. */
export default {
  unit: 'tasks/s',
  callers: [1],
  async measure({ pool }, cell) {
    if (!pool) return undefined;
    const { map } = await pool();
    const sample = await closedLoop(() => map(ITEMS), cell);
    return { ...sample, perSecond: sample.perSecond * ITEMS.length };
  },
} satisfies Case;
