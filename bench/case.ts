import type { Cell, Sample } from './sample.js';
import type { Target } from './system.js';

/** One thing to measure. A file in `cases/` exports one as its default, and its name is the case's name. */
export interface Case {
  /** What is counted, for the table's heading. */
  unit: string;
  /** The numbers of concurrent callers to measure with, each a cell. */
  callers: readonly number[];
  /** Runs in the client process. `undefined` where the case does not apply to the target. */
  measure(target: Target, cell: Cell): Promise<Sample | undefined>;
}
