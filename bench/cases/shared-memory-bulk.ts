import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';
import { BLOCK_BYTES } from '../system.js';

const BYTES = 1024 * 1024;

/** A MiB is written and read again, one place after the other in a block of 64 MiB. Times two, it is MiB a second. */
export default {
  unit: 'write + read of 1 MiB/s',
  callers: [1],
  async measure(target, cell) {
    if (!target.block) return undefined;
    const block = await target.block();
    const bytes = Buffer.alloc(BYTES, 'bench');
    const read = Buffer.alloc(BYTES);
    let offset = 0;
    return closedLoop(async () => {
      offset = (offset + BYTES) % BLOCK_BYTES;
      await block.write(offset, bytes);
      await block.readInto(read, offset);
    }, cell);
  },
} satisfies Case;
