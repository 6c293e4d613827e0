import type { Case } from '../case.js';
import { churn } from '../churn.js';

export default {
  unit: 'creates/s',
  callers: [1, 256],
  async measure(target, cell) {
    return target.objects && churn(target.objects, cell, 'create');
  },
} satisfies Case;
