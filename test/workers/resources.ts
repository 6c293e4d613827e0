const warnings: string[] = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

/** What keeps this process busy, by name and number; and what Node warned of, as of listeners that pile up. */
export function resources(): Record<string, number> {
  const timers = (globalThis as Record<symbol, unknown>)[Symbol.for('soak.timers')] as Set<unknown> | undefined;
  const counts: Record<string, number> = { 'all timers': timers?.size ?? 0 };
  for (const name of [...process.getActiveResourcesInfo(), ...warnings]) counts[name] = (counts[name] ?? 0) + 1;
  for (const event of process.eventNames()) counts[`on ${String(event)}`] = process.listenerCount(event);
  return counts;
}
