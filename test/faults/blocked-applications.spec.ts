import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ALIKE } from './medium.js';
import { BEAT, LEASE, Scene, type Actor, type Host } from './scene.js';

jest.setTimeout(90_000);

describe.each(ALIKE)('an application over %s whose event loop is blocked', (over) => {
  let scene: Scene;
  let host: Host;
  let other: Actor;
  let actor: Actor;

  beforeAll(async () => {
    scene = await Scene.open({ over });
    [host, other, actor] = [await scene.host(), await scene.actor({ by: 'other' }), await scene.actor()];
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const expired = (): boolean => host.logged(new RegExp(`of ${actor.name} .*gave no sign of life`));

  it('for half a lease, again and again, loses nothing', async () => {
    const key = await actor.ask('create', 'Tally');
    const session = await actor.ask('session', key);
    await actor.ask('guard', 'kept');
    for (let blocks = 0; blocks < 3; blocks++) {
      await actor.ask('block', LEASE / 2);
      expect(await actor.ask('call', key, 'count', 'once more')).toBe(blocks + 1);
    }
    expect((await actor.ask('unguard')).error).toBeUndefined();
    expect(await actor.ask('session', key)).toBe(session);
    expect(expired()).toBe(false);
  });

  it('for longer than a lease hears that its lock is lost before it can do anything under it', async () => {
    const fence = await actor.ask('guard', 'lost');
    const next = other.ask('guard', 'lost');
    await actor.ask('block', LEASE + 2 * BEAT);
    const blocked = Number(process.hrtime.bigint()) / 1e6;
    const { notes, error } = await actor.ask('unguard');
    expect(error).toMatchObject({ class: 'SessionExpiredError' });
    expect(notes.at(-1)?.what).toBe('lost');
    expect(notes.filter(({ what, at }) => what === 'called' && at > blocked)).toEqual([]);
    expect(await next).toBeGreaterThan(fence);
    await other.ask('unguard');
  });
});
