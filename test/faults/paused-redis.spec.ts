import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LEASE, Scene, type Actor, type Host } from './scene.js';

jest.setTimeout(90_000);

const CALLS = 300;

describe('a Redis that stands still with its connections open', () => {
  let scene: Scene;
  let host: Host;
  let actors: Actor[];

  beforeAll(async () => {
    scene = await Scene.open();
    host = await scene.host();
    actors = await scene.actors(2);
    for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  it.each([
    ['shorter', LEASE / 2],
    ['longer', 1.5 * LEASE],
  ])('for %s than a lease keeps calls waiting: each is counted once, in the same session', async (_, ms) => {
    const statuses = (): Promise<string[][]> => Promise.all(actors.map((actor) => actor.ask('statuses')));
    const told = (await statuses()).map(({ length }) => length);
    const sessions = (): Promise<unknown[]> => Promise.all(actors.map((actor) => actor.ask('session', 0)));
    const counted = async (): Promise<number> => Number(await actors[0]?.ask('call', 0, 'count', 'a look'));
    const [held, before] = [await sessions(), await counted()];
    const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 3, 20, 10_000));
    await sleep(400);
    scene.redis.pause();
    await sleep(ms);
    const during = await statuses();
    scene.redis.resume();
    for (const [at, status] of during.entries()) expect(status.slice(told[at])).toEqual(['connecting']);
    for (const report of await Promise.all(driving)) {
      expect(report).toEqual(expect.objectContaining({ acknowledged: CALLS, failed: {} }));
    }
    expect((await counted()) - before - 1).toBe(actors.length * CALLS);
    // Nobody could read a beat, so nobody's lease ran out: that of nobody's session, and not that of the server.
    expect(await sessions()).toEqual(held);
    expect(host.logged(/gave no sign of life/)).toBe(false);
    for (const status of await statuses()) expect(status.at(-1)).toBe('connected');
  });
});
