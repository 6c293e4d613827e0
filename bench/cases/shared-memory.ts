import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';
import { BLOCK_BYTES } from '../system.js';

const BYTES = 64;
/** From one place to the next: a prime, so that all of the block is met. */
const STEP = 4_999_999;

/** Reads of 64 bytes, at places all over a block of 64 MiB. */
export default {
  unit: 'reads of 64 bytes/s',
  callers: [1],
  async measure(target, cell) {
    if (!target.block) return undefined;
    const block = await target.block();
    let offset = 0;
    return closedLoop(() => {
      offset = (offset + STEP) % (BLOCK_BYTES - BYTES);
      return block.read(offset, BYTES);
    }, cell);
  },
} satisfies Case;
