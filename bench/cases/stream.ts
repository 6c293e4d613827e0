import type { Case } from '../case.js';
import { Latencies } from '../latencies.js';

const ITEMS = 1_000_000;
/** Of the items, one of so many is timed: reading the clock for each would be a measurable part of what is measured. */
const TIMED = 61;

/** `for await` over a million numbers, again and again for as long as the cell says; each caller reads a stream of its own. */
export default {
  unit: 'items/s',
  callers: [1, 16],
  async measure({ stream }, { callers, warmup, seconds }) {
    if (!stream) return undefined;
    const latencies = new Latencies();
    const opens = performance.now() + warmup * 1000;
    const closes = opens + seconds * 1000;
    let items = 0;
    let first: { items: number; at: number } | undefined;
    let last: { items: number; at: number } | undefined;

    const look = (waited: number): void => {
      const at = performance.now();
      if (!first && at >= opens) first = { items, at };
      else if (first && !last) latencies.record(waited);
      if (first && !last && at >= closes) last = { items, at };
    };
    const read = async (): Promise<void> => {
      while (!last) {
        let before = performance.now();
        let count = 0;
        for await (const _ of await stream(ITEMS)) {
          items++;
          if (++count % TIMED === 0) look(performance.now() - before);
          if (last) break;
          if (count % TIMED === TIMED - 1) before = performance.now();
        }
        if (!last && count !== ITEMS) throw new Error(`A stream of ${ITEMS} items gave ${count}.`);
      }
    };
    await Promise.all(Array.from({ length: callers }, read));
    if (!first || !last) throw new Error('The measured time never began or never ended.');
    return { perSecond: ((last.items - first.items) / (last.at - first.at)) * 1000, ...latencies.percentiles() };
  },
} satisfies Case;
