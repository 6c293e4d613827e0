import type { Cell, Sample } from './sample.js';
import type { Offer, Target } from './system.js';

/** One thing to measure. A file in `cases/` exports one as its default, and its name is the case's name. */
export interface Case {
  /** What is counted, for the table's heading. */
  unit: string;
  /** The numbers of concurrent callers to measure with, each a cell. */
  callers: readonly number[];
  /**
   * The callers are client processes of their own, or spread over `count` of them. What such a case needs is named, so that
   * none is started in vain. Before they begin together each of them warms up by itself, for `warmups` times the warm-up
   * of a cell (2 by default).
   */
  processes?: { needs: Offer; count?: number; warmups?: number };
  /** Runs in the client process. `undefined` where the case does not apply to the target. */
  measure(target: Target, cell: Cell): Promise<Sample | undefined>;
}
