import { setTimeout } from 'node:timers/promises';
import type { Manager } from '../../client/index.js';

/** How many proxies are stored in shared objects: one for each place in which one stands. */
export async function countStored(manager: Manager): Promise<number> {
  const { servers } = await manager.debugInfo();
  const holders = servers.flatMap(({ objects }) => objects.flatMap((object) => object.holders));
  return holders.filter(({ kind }) => kind === 'object').length;
}

/** Waits until so many proxies are stored; the test's own timeout ends it. */
export async function untilStored(manager: Manager, count: number): Promise<void> {
  while ((await countStored(manager)) !== count) await setTimeout(1);
}

/** Waits until the servers have so many objects. */
export async function untilObjects(manager: Manager, count: number): Promise<void> {
  while ((await manager.numberOfObjects()) !== count) await setTimeout(1);
}
