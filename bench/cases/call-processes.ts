import { setTimeout } from 'node:timers/promises';
import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

const WARM = 64;

/** As `call`, by eight processes at once. */
export default {
  unit: 'calls/s',
  callers: [8, 256],
  processes: { needs: 'call', count: 8 },
  async measure({ call }, cell) {
    if (!call) return undefined;
    // Of many callers, since one for each process makes too few calls for its code to be compiled before it is measured.
    await closedLoop(() => call(1), { callers: WARM, warmup: cell.warmup, seconds: cell.warmup });
    const early = (cell.begin ?? 0) - Date.now();
    if (early < 0)
      throw new Error(`It was ready ${-early} ms after the others began, and would not have measured with them.`);
    await setTimeout(early);
    return closedLoop(() => call(1), cell);
  },
} satisfies Case;
