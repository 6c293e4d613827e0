// Counts the timers of this process, those too that do not keep it alive and of which Node therefore says nothing. It is
// loaded with --import, before whatever makes timers.

const live = new Set<unknown>();
/** Found by `resources`, which must not load this by itself. */
(globalThis as Record<symbol, unknown>)[Symbol.for('soak.timers')] = live;

const { setTimeout: timeout, setInterval: interval, clearTimeout: stop } = globalThis;

globalThis.setTimeout = Object.assign((run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const timer = timeout(() => {
    live.delete(timer);
    run(...args);
  }, ms);
  live.add(timer);
  return timer;
}, timeout) as typeof setTimeout;

globalThis.setInterval = Object.assign((run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const timer = interval(run, ms, ...args);
  live.add(timer);
  return timer;
}, interval) as typeof setInterval;

globalThis.clearTimeout = globalThis.clearInterval = ((timer?: NodeJS.Timeout) => {
  live.delete(timer);
  stop(timer);
}) as typeof clearTimeout;
