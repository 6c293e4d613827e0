import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

/** Each caller sets a key of its own in the one dict, and then gets it. */
export default {
  unit: 'set + get/s',
  callers: [1, 256],
  async measure(target, cell) {
    if (!target.dict) return undefined;
    const dict = await target.dict();
    let count = 0;
    return closedLoop(async (caller) => {
      const key = `key ${caller}`;
      await dict.set(key, ++count);
      await dict.get(key);
    }, cell);
  },
} satisfies Case;
