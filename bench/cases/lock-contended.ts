import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

/** Processes that all want the same lock, again at once when they have given it back. Latency is that of `acquire`. */
export default {
  unit: 'acquire + release/s',
  callers: [8],
  processes: { needs: 'lock' },
  async measure(target, cell) {
    if (!target.lock) return undefined;
    const lock = await target.lock('contended');
    return closedLoop(
      () => lock.acquire(),
      cell,
      () => lock.release(),
    );
  },
} satisfies Case;
