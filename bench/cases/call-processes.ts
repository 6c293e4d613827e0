import { setTimeout } from 'node:timers/promises';
import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

/** Warm-ups with many callers, then with those of the cell, since code that is compiled for the one is not yet for the other. */
const MANY = { callers: 64, warmups: 2 };
const WARMUPS = 8;

/** As `call`, by eight processes at once. */
export default {
  unit: 'calls/s',
  callers: [8, 256],
  processes: { needs: 'call', count: 8, warmups: WARMUPS },
  async measure({ call }, cell) {
    if (!call) return undefined;
    // For long, since one caller for each process makes few calls, and code is compiled by how often it runs. Before that a
    // call takes up to three times as long.
    const { warmup } = cell;
    await closedLoop(() => call(1), { callers: MANY.callers, warmup, seconds: (MANY.warmups - 1) * warmup });
    await closedLoop(() => call(1), {
      callers: cell.callers,
      warmup,
      seconds: (WARMUPS - MANY.warmups - 1) * warmup,
    });
    const early = (cell.begin ?? 0) - Date.now();
    if (early < 0)
      throw new Error(`It was ready ${-early} ms after the others began, and would not have measured with them.`);
    await setTimeout(early);
    return closedLoop(() => call(1), cell);
  },
} satisfies Case;
