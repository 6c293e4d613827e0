import { Latencies } from './latencies.js';
import type { Cell, Sample } from './sample.js';

const TIMED_CALLERS = 16;

/**
 * Concurrent callers, each of which waits for its answer before it calls again. They run through the warm-up into the
 * measured time without a pause, and what is under way at the end does not count.
 *
 * At most 16 callers, spread evenly, are timed: reading the clock for every call of 2048 callers would be a measurable part
 * of what is measured. They also watch the clock for the others.
 *
 * `after` follows each operation: it counts for the rate, and its time is not that of the latencies.
 */
export async function closedLoop(
  operation: (caller: number) => Promise<unknown>,
  cell: Cell,
  after?: (caller: number) => Promise<unknown>,
): Promise<Sample> {
  const { callers } = cell;
  const opens = performance.now() + cell.warmup * 1000;
  const closes = opens + cell.seconds * 1000;
  const latencies = new Latencies();
  let done = 0;
  let first: { done: number; at: number } | undefined;
  let last: { done: number; at: number } | undefined;

  async function caller(index: number): Promise<void> {
    while (!last) {
      await operation(index);
      if (after) await after(index);
      done++;
    }
  }
  async function timedCaller(index: number): Promise<void> {
    while (!last) {
      const start = performance.now();
      await operation(index);
      const answered = performance.now();
      if (after) await after(index);
      done++;
      const end = after ? performance.now() : answered;
      if (first) latencies.record(answered - start);
      else if (end >= opens) first = { done, at: end };
      if (!last && first && end >= closes) last = { done, at: end };
    }
  }

  const stride = Math.max(1, Math.floor(callers / TIMED_CALLERS));
  const run = (index: number) => (index % stride === 0 ? timedCaller(index) : caller(index));
  await Promise.all(Array.from({ length: callers }, (_, index) => run(index)));
  if (!first || !last) throw new Error('The measured time never began or never ended.');
  return { perSecond: ((last.done - first.done) / (last.at - first.at)) * 1000, ...latencies.percentiles() };
}
