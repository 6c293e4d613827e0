import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { MEDIA } from './medium.js';
import { LEASE, PATIENCE, Scene, type Actor, type Host } from './scene.js';
import type { Way } from './way.js';

jest.setTimeout(90_000);

describe.each(MEDIA)('a half-open connection over %s, on which what is sent goes nowhere', (over) => {
  let scene: Scene;
  let host: Host;
  let observer: Actor;
  let way: Way;
  let actor: Actor;
  let key: number;

  beforeAll(async () => {
    scene = await Scene.open({ over });
    [host, observer] = [await scene.host(), await scene.actor({ by: 'observer' })];
  });
  beforeEach(async () => {
    way = await scene.way();
    actor = await scene.actor({ at: way.url });
    key = await actor.ask('get', 'Tally', actor.name);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const counted = async (): Promise<unknown> => {
    const own = await observer.ask('get', 'Tally', actor.name);
    return Number(await observer.ask('call', own, 'count', 'the last')) - 1;
  };

  it('is noticed and replaced within the lease: each call is counted once, in the same session', async () => {
    const session = await actor.ask('session', key);
    const driving = actor.ask('drive', key, 600, 5, 20, 8000);
    await sleep(600);
    way.swallow();
    await sleep(PATIENCE / 2);
    way.open();
    expect(await driving).toEqual(expect.objectContaining({ acknowledged: 600, failed: {} }));
    expect(await counted()).toBe(600);
    expect(await actor.ask('session', key)).toBe(session);
    // Its connections may be given up one after the other.
    expect((await actor.ask('statuses')).join(' ')).toMatch(/^connecting connected( connecting connected)+$/);
  });

  it('for longer than the lease ends the session: calls end with their timeouts, and say what is known of them', async () => {
    const lost = await actor.ask('create', 'Jar');
    const driving = actor.ask('drive', key, 300, 3, 30, 1500);
    await sleep(300);
    way.swallow();
    await until(
      () => host.logged(new RegExp(`of ${actor.name} .*gave no sign of life`)),
      (ended) => ended,
      { within: 4 * LEASE },
    );
    await sleep(300);
    way.open();
    const { acknowledged, failed, slowest, mayHaveRun } = await driving;
    expect(acknowledged).toBeGreaterThan(0);
    expect(Object.keys(failed).length).toBeGreaterThan(0);
    for (const what of Object.keys(failed)) {
      expect(what).toMatch(/^(CallTimeoutError|SessionExpiredError|ObjectLostError) (unknown|not-executed)$/);
    }
    expect(slowest).toBeLessThan(1500 + 1000);
    const count = (await counted()) as number;
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(acknowledged + mayHaveRun);
    await expect(actor.ask('call', lost, 'look')).rejects.toMatchObject({ class: 'SessionExpiredError' });
    expect((await actor.ask('statuses')).at(-1)).toBe('connected');
  });
});
