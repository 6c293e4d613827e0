// Not the global one, which is a getter: this is asked for each frame.
import { performance } from 'node:perf_hooks';

const { timeOrigin } = performance;

/** Wall-clock time at the start of the process (ms since 1970), moved on by its monotonic clock: never goes back. */
export function processClock(): number {
  return timeOrigin + performance.now();
}
