import { Latencies } from './latencies.js';
import type { Cell, Sample } from './sample.js';
import type { Objects } from './system.js';

const LONGEST_PHASE = 0.5;
/** In measured seconds: both phases of it. */
const LONGEST_RUN = 4;

/**
 * Creates objects for a while, then releases all of them, and so on in turns; only the phases asked for are measured. A release
 * phase lasts until the server has as many objects as before, since a release may resolve before the server heard of it.
 */
export async function churn<T>(objects: Objects<T>, cell: Cell, measured: 'create' | 'release'): Promise<Sample> {
  const { callers, warmup, seconds } = cell;
  const latencies = new Latencies();
  const phase = Math.min(LONGEST_PHASE, seconds / 4);
  const base = await objects.count();
  const warm = performance.now() + warmup * 1000;
  let operations = 0;
  let elapsed = 0;

  // Releasing is so much faster than creating that a measured second of it could take minutes.
  const enough = warm + seconds * 1000 * LONGEST_RUN;
  while (elapsed < seconds * 1000 && (operations === 0 || performance.now() < enough)) {
    const recording = performance.now() >= warm;
    const held: T[] = [];
    const timed = async (kind: typeof measured, operation: () => Promise<unknown>): Promise<void> => {
      const start = performance.now();
      await operation();
      if (recording && kind === measured) latencies.record(performance.now() - start);
    };
    const run = async (kind: typeof measured, caller: () => Promise<void>): Promise<void> => {
      const start = performance.now();
      await Promise.all(Array.from({ length: callers }, caller));
      if (kind === 'release') while ((await objects.count()) > base);
      if (!recording || kind !== measured) return;
      elapsed += performance.now() - start;
      operations += created;
    };

    let created = 0;
    const until = performance.now() + phase * 1000;
    await run('create', async () => {
      do {
        await timed('create', async () => held.push(await objects.create()));
        created++;
      } while (performance.now() < until);
    });
    await run('release', async () => {
      for (let object = held.pop(); object !== undefined; object = held.pop()) {
        const given = object;
        await timed('release', () => objects.release(given));
      }
    });
  }
  return { perSecond: (operations / elapsed) * 1000, ...latencies.percentiles() };
}
