/** Wall-clock time at the start of the process (ms since 1970), moved on by its monotonic clock: never goes back. */
export function processClock(): number {
  return performance.timeOrigin + performance.now();
}
