import type { Outcome } from '../support/outcome.js';

export interface RunAllOptions {
  readonly chunkSize: number;
  /** Chunks under way at most: others who use the pool get their turns in between. */
  readonly ahead: number;
  /** Runs the task for each of these. It never rejects. */
  run(items: readonly unknown[]): Promise<readonly Outcome[]>;
  /** Where going on is in vain: why. */
  ended(): { readonly reason: unknown } | undefined;
}

/** The results in the order of the items. Where some fail it is the first of these in that order, after all have run. */
export async function runAll(items: readonly unknown[], options: RunAllOptions): Promise<unknown[]> {
  const { chunkSize, ahead, run, ended } = options;
  const values = Array.from<unknown>({ length: items.length });
  let failed: { readonly at: number; readonly error: unknown } | undefined;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const from = next;
      next += chunkSize;
      const outcomes = await run(items.slice(from, next));
      const end = ended();
      if (end) throw end.reason;
      for (const [index, outcome] of outcomes.entries()) {
        const at = from + index;
        if (!('error' in outcome)) values[at] = outcome.value;
        else if (!failed || at < failed.at) failed = { at, error: outcome.error };
      }
    }
  };
  const chunks = Math.ceil(items.length / chunkSize);
  await Promise.all(Array.from({ length: Math.min(ahead, chunks) }, work));
  if (failed) throw (failed as { error: unknown }).error;
  return values;
}
