import { Latencies } from './latencies.js';
import type { Cell, Sample } from './sample.js';

const TIMED_CALLERS = 16;

/**
 * Concurrent callers, each of which waits for its answer before it calls again. They run through the warm-up into the
 * measured time without a pause, and what is under way at the end does not count.
 *
 * At most 16 callers, spread evenly, are timed: reading the clock for every call of 2048 callers would be a measurable part
 * of what is measured. They also watch the clock for the others.
 */
export async function closedLoop(operation: () => Promise<unknown>, cell: Cell): Promise<Sample> {
  const { callers } = cell;
  const opens = performance.now() + cell.warmup * 1000;
  const closes = opens + cell.seconds * 1000;
  const latencies = new Latencies();
  let done = 0;
  let first: { done: number; at: number } | undefined;
  let last: { done: number; at: number } | undefined;

  async function caller(): Promise<void> {
    while (!last) {
      await operation();
      done++;
    }
  }
  async function timedCaller(): Promise<void> {
    while (!last) {
      const start = performance.now();
      await operation();
      done++;
      const end = performance.now();
      if (first) latencies.record(end - start);
      else if (end >= opens) first = { done, at: end };
      if (!last && first && end >= closes) last = { done, at: end };
    }
  }

  const stride = Math.max(1, Math.floor(callers / TIMED_CALLERS));
  await Promise.all(Array.from({ length: callers }, (_, index) => (index % stride === 0 ? timedCaller() : caller())));
  if (!first || !last) throw new Error('The measured time never began or never ended.');
  return { perSecond: ((last.done - first.done) / (last.at - first.at)) * 1000, ...latencies.percentiles() };
}
