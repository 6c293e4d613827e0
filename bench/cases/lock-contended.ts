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
    return closedLoop(
      () => contended.acquire(),
      cell,
      () => contended.release(),
    );
  },
} satisfies Case;

/** Each process has the lock so rarely that its code would be interpreted for half a minute: it is compiled on other locks. */
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
