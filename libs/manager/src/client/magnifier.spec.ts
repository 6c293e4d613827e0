import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineFactory, sharedType, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House, until } from './house.suite.js';
import type { Manager } from './index.js';

/** The class of the article "Python's multiprocessing.managers, part 2", with the ways it has of making more of itself. */
@SharedType({ exposed: ['scale', 'clone', 'spawn'] })
class Magnifier {
  readonly #coef: number;
  constructor(coef = 2) {
    this.#coef = coef;
  }
  scale(x: number): number {
    return x * this.#coef;
  }
  clone(): Magnifier {
    return new Magnifier(this.#coef);
  }
  /** Made by the server, as `create` makes it. */
  spawn(coef: number): Promise<SharedProxy<Magnifier>> {
    return local.create(Magnifier, coef);
  }
}

const MagType = sharedType<Magnifier, [coef: number]>('Mag');
let mags: Map<number, Magnifier>;
let local: Manager;

const mag = defineFactory({ typeid: 'Mag', type: Magnifier, exposed: ['scale'] }, (coef: number) => {
  const known = mags.get(coef) ?? new Magnifier(coef);
  mags.set(coef, known);
  return known;
});

describe('the Magnifier of the article', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;

  beforeEach(async () => {
    mags = new Map();
    house = new House();
    server = await house.server([Magnifier, mag]);
    local = house.manager({ local: () => server.local });
    manager = house.manager({ application: 'article' });
  });
  afterEach(() => house.close());

  /** The ids of the objects, each of which one application holds once, and nobody else. */
  const counted = async (): Promise<number[]> => {
    const { servers } = await manager.debugInfo();
    const objects = servers.flatMap(({ objects }) => objects);
    for (const { holders } of objects) {
      expect(holders).toEqual([expect.objectContaining({ kind: 'session', application: 'article', grants: 1 })]);
    }
    return objects.map(({ id }) => id);
  };

  it('clones and spawns through two levels, and every count is 1', async () => {
    const mag = await manager.create(Magnifier, 2);
    expect(await mag.scale(3)).toBe(6);
    expect(await counted()).toHaveLength(1);

    const clone = await mag.clone();
    expect(await clone.scale(9)).toBe(18);
    expect(await counted()).toHaveLength(2);

    const spawn = await mag.spawn(3);
    expect(await spawn.scale(5)).toBe(15);
    expect(await counted()).toHaveLength(3);

    const cloneSpawn = await clone.spawn(10);
    expect(await cloneSpawn.scale(9)).toBe(90);
    expect(await counted()).toHaveLength(4);

    const spawnClone = await spawn.clone();
    expect(await spawnClone.scale(5)).toBe(15);
    expect(new Set(await counted()).size).toBe(5);

    for (const proxy of [mag, clone, spawn, cloneSpawn, spawnClone]) await manager.release(proxy);
    await until(() => server.table.size === 0);
  });

  it('offers the same to an application that was handed the proxy by another one', async () => {
    const other = house.manager({ application: 'article' });
    const mag = await other.redeem<Magnifier>(await manager.ticket(await manager.create(Magnifier, 2)));
    expect(await (await mag.clone()).scale(9)).toBe(18);
    expect(await (await (await mag.spawn(3)).clone()).scale(5)).toBe(15);
  });

  it('of a factory that remembers it is one object for two who ask, and gone when both let go', async () => {
    const first = await manager.create(MagType, 2);
    const second = await manager.create(MagType, 2);
    expect(manager.token(second)).toEqual(manager.token(first));
    expect(await manager.numberOfObjects()).toBe(1);
    await manager.release(first);
    expect(await second.scale(10)).toBe(20);
    expect(await manager.numberOfObjects()).toBe(1);
    await manager.release(second);
    await until(() => server.table.size === 0);
  });
});
