import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

/** Each caller puts an item into the one queue, and then takes one out. */
export default {
  unit: 'put + get/s',
  callers: [1, 32, 256],
  async measure(target, cell) {
    if (!target.queue) return undefined;
    const queue = await target.queue(cell.callers);
    return closedLoop(async (caller) => {
      await queue.put(caller);
      await queue.get();
    }, cell);
  },
} satisfies Case;
