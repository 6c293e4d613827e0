import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { LEASE, Scene, type Actor, type Host } from './scene.js';

jest.setTimeout(90_000);

const CALLS = 300;

type Refusal = [begin: () => Promise<unknown>, end: () => Promise<unknown>];

describe('a Redis that is there and refuses', () => {
  let scene: Scene;
  let host: Host;
  let actors: Actor[];
  let admin: Redis;

  beforeAll(async () => {
    scene = await Scene.open();
    host = await scene.host();
    actors = await scene.actors(2);
    for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
    admin = new Redis(scene.redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await scene[Symbol.asyncDispose]();
  });

  /** Clients that are connected stay so, whatever is demanded of new ones. */
  const cutAll = (): Promise<unknown> => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  const refusals: Record<string, Refusal> = {
    'is out of memory': [() => admin.config('SET', 'maxmemory', '1'), () => admin.config('SET', 'maxmemory', '0')],
    'is read-only': [() => admin.replicaof('127.0.0.1', '1'), () => admin.replicaof('NO', 'ONE')],
    'demands a password': [
      () => admin.config('SET', 'requirepass', 'not told').then(cutAll),
      () => admin.config('SET', 'requirepass', ''),
    ],
  };

  it.each([
    ['is out of memory', 'half a lease', LEASE / 2],
    ['is read-only', 'half a lease', LEASE / 2],
    ['demands a password', 'half a lease', LEASE / 2],
    // It can be read all the time, and no beat can be written to it.
    ['is out of memory', 'longer than a lease', 1.5 * LEASE],
  ])('while it %s for %s keeps calls waiting: each is counted once, in the same session', async (refusal, _, ms) => {
    const [begin, end] = refusals[refusal] as Refusal;
    const statuses = (): Promise<string[][]> => Promise.all(actors.map((actor) => actor.ask('statuses')));
    const told = (await statuses()).map(({ length }) => length);
    const sessions = (): Promise<unknown[]> => Promise.all(actors.map((actor) => actor.ask('session', 0)));
    const counted = async (): Promise<number> => Number(await actors[0]?.ask('call', 0, 'count', 'a look'));
    const [held, before] = [await sessions(), await counted()];
    const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 3, 20, 10_000));
    await sleep(300);
    await begin();
    await sleep(ms);
    const during = await statuses();
    await end();
    for (const [at, status] of during.entries()) expect(status.slice(told[at])).toEqual(['connecting']);
    for (const report of await Promise.all(driving)) {
      expect(report).toEqual(expect.objectContaining({ acknowledged: CALLS, failed: {} }));
    }
    expect((await counted()) - before - 1).toBe(actors.length * CALLS);
    expect(await sessions()).toEqual(held);
    expect(host.logged(/gave no sign of life/)).toBe(false);
    for (const status of await statuses()) expect(status.at(-1)).toBe('connected');
  });
});
