import { setTimeout } from 'node:timers/promises';
import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';
import type { Lock, Target } from '../system.js';
import type { Cell } from '../sample.js';

const WARM_CALLERS = 16;

/** Processes that all want the same lock, again at once when they have given it back. Latency is that of `acquire`. */
export default {
  unit: 'acquire + release/s',
  callers: [8],
  processes: { needs: 'lock' },
  async measure({ lock }, cell) {
    if (!lock) return undefined;
    await warmUp(lock, cell);
    const contended = await lock('contended');
    const early = (cell.begin ?? 0) - Date.now();
    if (early < 0)
      throw new Error(`It was ready ${-early} ms after the others began, and would not have measured with them.`);
    await setTimeout(early);
    return closedLoop(
      () => contended.acquire(),
      cell,
      () => contended.release(),
    );
  },
} satisfies Case;

/** Each process has the lock so rarely that its code would hardly be compiled within a cell: that is done on other locks. */
async function warmUp(lock: NonNullable<Target['lock']>, { warmup }: Cell): Promise<void> {
  const locks: Lock[] = [];
  for (let i = 0; i < WARM_CALLERS; i++) locks.push(await lock(`warm-${process.pid}-${i}`));
  const once = async (caller: number): Promise<void> => {
    const own = locks[caller]!;
    await own.acquire();
    await own.release();
  };
  await closedLoop(once, { callers: WARM_CALLERS, warmup, seconds: warmup });
}
