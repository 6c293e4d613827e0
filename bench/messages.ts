import type { Cell, Sample } from './sample.js';
import type { BenchContext, Offer } from './system.js';

/** What the run asks of a process of a system, one request at a time. */
export type Request =
  | { ask: 'serve'; system: string; context: BenchContext }
  | { ask: 'connect'; system: string; context: BenchContext; address: string | undefined }
  | { ask: 'measure'; caseName: string; cell: Cell }
  | { ask: 'stop' };

/** `unavailable` and `failed` may answer any request. */
export type Reply =
  | { is: 'serving'; address: string | undefined }
  | { is: 'connected'; offers: Offer[] }
  | { is: 'measured'; sample: Sample | undefined }
  | { is: 'stopped' }
  | { is: 'unavailable'; why: string }
  | { is: 'failed'; why: string };
