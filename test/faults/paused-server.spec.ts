import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { MEDIA } from './medium.js';
import { GIVEN_BACK, LEASE, Scene } from './scene.js';

jest.setTimeout(90_000);

/** After two leases it would be called dead, and rightly so: a busy machine may make a pause longer. */
const PAUSE = 1.2 * LEASE;

describe('a server that did not run for longer than a lease', () => {
  it.concurrent.each(MEDIA.flatMap((over) => ['paused', 'blocked'].map((how) => [how, over] as const)))(
    'because it was %s, over %s, ends no session whose beats waited for it, and that of who died meanwhile',
    async (how, over) => {
      await using scene = await Scene.open({ over });
      const host = await scene.host();
      const actors = await scene.actors(4);
      const keys = await Promise.all(actors.map((actor) => actor.ask('create', 'Tally')));
      const [dying, ...living] = actors.map((actor, index) => ({ actor, key: keys[index] as number }));
      if (!dying) throw new Error('Nobody is there to die');
      const sessions = (): Promise<unknown[]> => Promise.all(living.map(({ actor, key }) => actor.ask('session', key)));
      const held = await sessions();
      const calls = living.map(({ actor, key }) => actor.ask('callWithin', key, 4 * LEASE, 'later', 'meanwhile', 500));

      const back = how === 'blocked' ? host.ask('block', PAUSE) : undefined;
      if (!back) host.pause();
      await dying.actor.kill();
      await sleep(PAUSE);
      if (!back) host.resume();
      await back;
      const since = performance.now();

      expect(await Promise.all(calls)).toEqual(living.map(() => 1));
      expect(await sessions()).toEqual(held);
      await until(
        () => living[0]?.actor.ask('numberOfObjects'),
        (count) => count === living.length,
        { within: 4 * LEASE },
      );
      expect(performance.now() - since).toBeLessThanOrEqual(GIVEN_BACK);
      const ended = host.logs.filter(({ text }) => /gave no sign of life/.test(text));
      expect(ended.map(({ text }) => text)).toEqual([expect.stringContaining(`of ${dying.actor.name} `)]);
    },
  );

  it.concurrent('is not called dead for the time in which Redis was away and nobody could have seen it', async () => {
    await using scene = await Scene.open({ appendonly: true });
    const host = await scene.host();
    const actor = await scene.actor();
    const key = await actor.ask('create', 'Tally');
    const session = await actor.ask('session', key);
    const call = actor.ask('callWithin', key, 8 * LEASE, 'count', 'meanwhile');
    host.pause();
    // Its claim is over then, and was missed.
    await sleep(1.2 * LEASE);
    await scene.redis.kill();
    await sleep(0.9 * LEASE);
    await scene.redis.restart({ keepData: true });
    await sleep(0.3 * LEASE);
    host.resume();
    expect(await call).toBe(1);
    expect(await actor.ask('session', key)).toBe(session);
  });
});
