import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House, until } from './house.suite.js';
import type { Manager } from './index.js';

let made: WeakRef<Ring>[] = [];

@SharedType()
class Ring {
  readonly #others: SharedProxy<Ring>[] = [];
  constructor() {
    made.push(new WeakRef(this));
  }
  hold(other: SharedProxy<Ring>): void {
    this.#others.push(keep(other));
  }
  count(): number {
    return this.#others.length;
  }
}

describe('the instance of an object that was freed', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;

  beforeEach(async () => {
    made = [];
    house = new House();
    server = await house.server([Ring]);
    manager = house.manager();
  });
  afterEach(() => house.close());

  const living = (): number => {
    (globalThis as { gc?: () => void }).gc?.();
    return made.filter((ring) => ring.deref() !== undefined).length;
  };

  it.each([1, 2, 3])('is collected, though %i of them held each other in a circle', async (count) => {
    const rings: SharedProxy<Ring>[] = [];
    for (let i = 0; i < count; i++) rings.push(await manager.create(Ring));
    for (const [i, ring] of rings.entries()) await ring.hold(rings[(i + 1) % count] as SharedProxy<Ring>);
    expect(living()).toBe(count);
    for (const ring of rings) await manager.release(ring);
    await until(() => server.table.size === 0);
    // In development the places of its proxies refer to it for a second or so.
    const since = performance.now();
    await until(() => living() === 0 || performance.now() - since > 4000);
    expect(living()).toBe(0);
  });
});
