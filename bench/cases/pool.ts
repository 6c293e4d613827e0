import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

/** Each caller has one task run in a pool of two threads, again and again. */
export default {
  unit: 'tasks/s',
  callers: [1, 32, 256],
  async measure({ pool }, cell) {
    if (!pool) return undefined;
    const { run } = await pool();
    return closedLoop(() => run(7), cell);
  },
} satisfies Case;
