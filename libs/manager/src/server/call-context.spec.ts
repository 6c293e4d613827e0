import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure, House, until, type Deferred } from '../client/house.suite.js';
import type { Manager } from '../client/index.js';
import { currentCall, defineFactory, SharedType, type CallContext, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from './index.js';

let gate: Deferred;
let seen: CallContext[];

function look(): { session: string; application: string; task: string | undefined; fence: bigint } {
  const call = currentCall();
  seen.push(call);
  const { session, application, task, fence } = call;
  return { session, application, task, fence };
}

@SharedType()
class Plain {
  readonly born = look();
  look(): ReturnType<typeof look> {
    return look();
  }
  bornWith(): ReturnType<typeof look> {
    return this.born;
  }
  async lookLater(): Promise<ReturnType<typeof look>> {
    await Promise.resolve();
    return look();
  }
  async waitForSignal(): Promise<string> {
    const { signal } = look() && currentCall();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve((signal.reason as Error).message)));
  }
}

@SharedType({ context: true })
class Contextual {
  async lookLater(): Promise<ReturnType<typeof look>> {
    await gate.promise;
    await new Promise((resolve) => setImmediate(resolve));
    return look();
  }
}

const MadeType = defineFactory({ typeid: 'Made', type: Plain }, async () => {
  look();
  return new Plain();
});

let house: House;
let server: ManagerServer;
let manager: Manager;

beforeEach(async () => {
  [gate, seen] = [deferred(), []];
  house = new House();
  server = await house.server([Plain, Contextual, MadeType]);
  manager = house.manager({ application: 'shop' });
});
afterEach(async () => {
  gate.resolve();
  await house.close();
});

describe('currentCall()', () => {
  let plain: SharedProxy<Plain>;
  beforeEach(async () => {
    plain = await manager.create(Plain);
  });

  it('tells who calls', async () => {
    const other = await house.manager({ application: 'bank' }).create(Plain);
    const [mine, theirs] = [await plain.look(), await other.look()];
    expect([mine.application, theirs.application]).toEqual(['shop', 'bank']);
    expect(mine.session).not.toBe(theirs.session);
    expect((await plain.look()).session).toBe(mine.session);
  });

  it('is there in constructors and factories', async () => {
    expect((await plain.bornWith()).application).toBe('shop');
    await manager.create('Made');
    expect(seen.at(-1)?.application).toBe('shop');
  });

  it('tells the task that the caller runs in, and none outside of one', async () => {
    expect((await plain.look()).task).toBeUndefined();
    const [one, two] = await Promise.all([
      manager.task(async () => [await plain.look(), await plain.look()]),
      manager.task(async () => [await plain.look()]),
    ]);
    expect(one[0]?.task).toBe(one[1]?.task);
    expect(one[0]?.task).not.toBe(two[0]?.task);
    expect(typeof one[0]?.task).toBe('string');
  });

  it('is over after the first await of a type that did not ask for it', async () => {
    expect(await failure(plain.lookLater())).toMatchObject({ code: 'ERR_MANAGER_CONFIGURATION' });
  });

  it('is there throughout the call of a type that asked for it, each its own', async () => {
    const [one, two] = [manager, house.manager({ application: 'bank' })];
    const calls = [one, two].map(async (each) => (await each.create(Contextual)).lookLater());
    gate.resolve();
    expect((await Promise.all(calls)).map(({ application }) => application)).toEqual(['shop', 'bank']);
  });

  it('has a fence that only grows, within a server and from one generation to the next', async () => {
    const fences: bigint[] = [];
    for (let i = 0; i < 10; i++) fences.push((await plain.look()).fence);
    await server.close();
    await house.server([Plain]);
    fences.push((await (await manager.create(Plain)).look()).fence);
    for (let i = 1; i < fences.length; i++) expect(fences[i]).toBeGreaterThan(fences[i - 1] as bigint);
  });

  it('has a deadline where the caller has one', async () => {
    const before = Date.now();
    await manager.with(plain, { timeout: 5000 }).look();
    expect(seen.at(-1)?.deadline).toBeGreaterThan(before + 4000);
    await manager.with(plain, { timeout: 0 }).look();
    expect(seen.at(-1)?.deadline).toBeUndefined();
  });

  it('has a signal that fires when the caller leaves, and is not fired otherwise', async () => {
    const stop = new AbortController();
    const call = manager.with(plain, { signal: stop.signal }).waitForSignal();
    await until(() => seen.length === 2);
    stop.abort();
    await failure(call);
    await until(() => seen[1]?.signal.aborted);
    await plain.look();
    expect(seen.at(-1)?.signal.aborted).toBe(false);
  });

  it('has a signal that fires when the session ends', async () => {
    const leaving = house.manager();
    const theirs = await leaving.create(Plain);
    theirs.waitForSignal().catch(() => undefined);
    await until(() => seen.length === 3);
    await leaving.close();
    await until(() => seen[2]?.signal.aborted);
  });
});
