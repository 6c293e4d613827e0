import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { ALIKE } from './medium.js';
import { BEAT, GIVEN_BACK, LEASE, Scene, type Actor, type Host } from './scene.js';

jest.setTimeout(90_000);

const HOUR = 3_600_000;

describe.each(ALIKE)('a wall clock that is set, over %s,', (over) => {
  let scene: Scene;
  let host: Host;
  let other: Actor;

  beforeAll(async () => {
    scene = await Scene.open({ over });
    [host, other] = [await scene.host(), await scene.actor({ by: 'other' })];
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const ends = (): number => host.logs.filter(({ text }) => /gave no sign of life/.test(text)).length;

  it('forward at an application costs it its locks, of which it hears before any further call; its session goes on', async () => {
    const actor = await scene.actor();
    const key = await actor.ask('create', 'Tally');
    const session = await actor.ask('session', key);
    const fence = await actor.ask('guard', 'a lock');
    const next = other.ask('guard', 'a lock');
    await actor.ask('setClock', HOUR);
    const newer = await next;
    await actor.ask('setClock', 0);
    const { notes, error } = await actor.ask('unguard');
    expect(error).toMatchObject({ class: 'SessionExpiredError' });
    expect(notes.filter(({ what }) => what === 'lost')).toHaveLength(1);
    expect(notes.at(-1)?.what).toBe('lost');
    expect(newer).toBeGreaterThan(fence);
    expect(await actor.ask('call', key, 'count', 'once')).toBe(1);
    expect(await actor.ask('session', key)).toBe(session);
    expect((await other.ask('unguard')).error).toBeUndefined();
  });

  it('back at an application costs nothing, and hides no pause that was longer than its lease', async () => {
    const actor = await scene.actor();
    const key = await actor.ask('create', 'Tally');
    const fence = await actor.ask('guard', 'another lock');
    await actor.ask('setClock', -HOUR);
    await sleep(2 * BEAT);
    expect(await actor.ask('call', key, 'count', 'once')).toBe(1);
    actor.pause();
    const newer = await other.ask('guard', 'another lock');
    expect(newer).toBeGreaterThan(fence);
    const resumed = Number(process.hrtime.bigint()) / 1e6;
    actor.resume();
    const { notes, error } = await actor.ask('unguard');
    expect(error).toMatchObject({ class: 'SessionExpiredError' });
    expect(notes.filter(({ what, at }) => what === 'called' && at > resumed)).toEqual([]);
    await other.ask('unguard');
  });

  it('back and forth at the server ends no session, whose owners go on without a pause', async () => {
    const actor = await scene.actor();
    const key = await actor.ask('create', 'Tally');
    const [session, before] = [await actor.ask('session', key), ends()];
    await actor.ask('guard', 'a third lock');
    const driving = actor.ask('drive', key, 400, 2, 10, 5000);
    // Each is taken back before the next: so often that a lease would be over if every jump counted as time.
    for (let jumps = 0; jumps < 4; jumps++) {
      await host.ask('setClock', HOUR);
      await sleep(BEAT / 3);
      await host.ask('setClock', -HOUR);
      await sleep(BEAT / 3);
    }
    await host.ask('setClock', 0);
    expect(await driving).toEqual(expect.objectContaining({ acknowledged: 400, failed: {} }));
    expect(ends()).toBe(before);
    expect(await actor.ask('session', key)).toBe(session);
    expect((await actor.ask('unguard')).error).toBeUndefined();
  });

  it('back at the server keeps nobody alive: who died is gone within the lease and a second', async () => {
    const actor = await scene.actor();
    await actor.ask('create', 'Tally');
    const before = await other.ask('numberOfObjects');
    await host.ask('setClock', -HOUR);
    await actor.kill();
    const { after } = await until(
      () => other.ask('numberOfObjects'),
      (count) => count < before,
      { within: 4 * LEASE },
    );
    expect(after).toBeLessThanOrEqual(GIVEN_BACK);
    await host.ask('setClock', 0);
  });
});
