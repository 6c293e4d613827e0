import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { MEDIA, type MediumName } from './medium.js';
import { LEASE, Scene } from './scene.js';

jest.setTimeout(90_000);

/** Ms that it may take, whatever is wrong: goodbye is said for a second, and connections are ended in another. */
const SOON = 4000;

describe('an end in order', () => {
  it.concurrent.each(MEDIA)(
    'of an application, asked for twice and with calls pending, fails these and gives everything back, over %s',
    async (over) => {
      await using scene = await Scene.open({ over });
      await scene.host();
      const [actor, observer] = [await scene.actor(), await scene.actor()];
      const key = await actor.ask('create', 'Tally');
      const pending = actor.ask('call', key, 'later', 'pending', 2500).catch((error: unknown) => error);
      await actor.ask('guard', 'a lock');
      const waiting = observer.ask('guard', 'a lock');
      // Made later, on the same object: it is answered once the other has begun.
      await actor.ask('call', key, 'count', 'now');
      expect(await actor.ask('close', 3)).toBeLessThan(SOON);
      expect(await pending).toMatchObject({ class: 'ManagerClosedError', fate: 'unknown' });
      await waiting;
      await expect(actor.ask('call', key, 'count', 'late')).rejects.toMatchObject({
        class: 'ManagerClosedError',
        fate: 'not-executed',
      });
      await until(
        () => observer.ask('numberOfObjects'),
        (count) => count === 1, // the lock, once what ran has ended
        { within: 6000 },
      );
      expect((await actor.ask('statuses')).slice(-2)).toEqual(['closed', 'complete']);
      await actor.ask('closeApplication');
    },
  );

  const unready: Record<string, [MediumName, (scene: Scene) => unknown]> = {
    'Redis is away': ['Redis', ({ redis }) => redis.kill()],
    'Redis is silent': ['Redis', ({ redis }) => redis.pause()],
    'nobody listens at its socket': ['a socket', () => undefined],
    'who listens at its socket is silent': ['a socket', async (scene) => (await scene.host()).pause()],
  };
  it.concurrent.each(Object.keys(unready))(
    'of an application that is still connecting is soon done while %s',
    async (how) => {
      const [over, prepare] = unready[how] as [MediumName, (scene: Scene) => unknown];
      await using scene = await Scene.open({ over });
      await prepare(scene);
      const actor = await scene.actor();
      const call = actor.ask('create', 'Tally').catch((error: unknown) => error);
      await sleep(300);
      expect(await actor.ask('close', 2)).toBeLessThan(SOON);
      expect(await call).toMatchObject({ class: 'ManagerClosedError', fate: 'not-executed' });
      expect((await actor.ask('statuses')).slice(-2)).toEqual(['closed', 'complete']);
      await actor.ask('closeApplication');
    },
  );

  it.concurrent.each(MEDIA)(
    'of an application whose medium, %s, fell silent fails the calls that wait, and is soon done',
    async (over) => {
      await using scene = await Scene.open({ over });
      const host = await scene.host();
      const medium = over === 'Redis' ? scene.redis : host;
      const actor = await scene.actor();
      const key = await actor.ask('create', 'Tally');
      medium.pause();
      const call = actor.ask('call', key, 'count', 'never answered').catch((error: unknown) => error);
      await sleep(100);
      expect(await actor.ask('close', 2)).toBeLessThan(SOON);
      expect(await call).toMatchObject({ class: 'ManagerClosedError' });
      medium.resume();
    },
  );

  it.concurrent('of a server, asked for twice and while it waits for its name, leaves that to its owner', async () => {
    await using scene = await Scene.open();
    const owner = await scene.host();
    const waiting = scene.launch();
    await until(
      () => waiting.logged(/Waiting for it/),
      (logged) => logged,
      { within: 60_000 },
    );
    waiting.signal('SIGTERM');
    waiting.signal('SIGTERM');
    await waiting.exited;
    const actor = await scene.actor();
    expect(await actor.ask('create', 'Tally')).toBe(0);
    await Promise.all([owner.ask('close'), owner.ask('close')]);
    await expect(actor.ask('callWithin', 0, LEASE, 'count', 'late')).rejects.toMatchObject({
      class: 'ObjectLostError',
    });
  });
});
