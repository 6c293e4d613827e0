let warnings = 0;
process.on('warning', () => warnings++);

/** What keeps this process busy, by name and number. */
export function resources(): Record<string, number> {
  const timers = (globalThis as Record<symbol, unknown>)[Symbol.for('soak.timers')] as Set<unknown> | undefined;
  const counts: Record<string, number> = { warnings, timers: timers?.size ?? 0 };
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  for (const event of process.eventNames()) counts[`on ${String(event)}`] = process.listenerCount(event);
  return counts;
}
