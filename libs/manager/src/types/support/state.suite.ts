import type { Manager } from '../../client/index.js';
import type { AnyProxy } from '../../definition/index.js';

/** What an object tells of itself in the census, with what runs on it. */
export async function stateOf(manager: Manager, proxy: AnyProxy): Promise<Record<string, unknown>> {
  const { id, server } = manager.token(proxy) ?? {};
  const { servers } = await manager.debugInfo();
  const object = servers.find((one) => one.server === server)?.objects.find((one) => one.id === id);
  if (!object) throw new Error(`There is no object #${id}.`);
  const running = object.holders.find(({ kind }) => kind === 'call')?.running ?? 0;
  return { ...object.state, running };
}

/** Waits until that is so; the test's own timeout ends it. */
export async function untilState(
  manager: Manager,
  proxy: AnyProxy,
  holds: (state: Record<string, unknown>) => unknown,
): Promise<void> {
  while (!holds(await stateOf(manager, proxy))) await new Promise((resolve) => setTimeout(resolve, 2));
}
