import type { Case } from '../case.js';
import { closedLoop } from '../loop.js';

export default {
  unit: 'calls/s',
  callers: [1, 16, 256, 2048],
  async measure({ call }, cell) {
    return call && closedLoop(() => call(1), cell);
  },
} satisfies Case;
