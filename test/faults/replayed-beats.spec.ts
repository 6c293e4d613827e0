import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { until } from '../support/until.js';
import { BEAT, GIVEN_BACK, LEASE, Scene } from './scene.js';

jest.setTimeout(90_000);

describe('a beat that comes again', () => {
  it.concurrent.each([
    ['without an authkey', undefined],
    ['with an authkey', 'of 32 bytes, as an authkey is to be'],
  ])('keeps nothing alive, %s', async (_, authkey) => {
    await using scene = await Scene.open();
    const host = await scene.host({ authkey });
    const [observer, actor] = [await scene.actor({ authkey }), await scene.actor({ authkey })];
    await actor.ask('create', 'Tally');
    expect(await observer.ask('numberOfObjects')).toBe(1);

    // While the server does not read, its inbox keeps what is sent to it.
    const client = new Redis(scene.redis.url);
    const inbox = `${scene.namespace}:{s-default-${await host.ask('generation')}}:beats`;
    host.pause();
    await sleep(3 * BEAT);
    const entries = await client.xrangeBuffer(inbox, '-', '+');
    host.resume();
    const beats = entries.map(([, [, bytes]]) => bytes as Buffer).filter((bytes) => bytes.length > 0);
    expect(beats.length).toBeGreaterThanOrEqual(4);

    await actor.kill();
    const replaying = setInterval(() => {
      for (const beat of beats) void client.xadd(inbox, '*', 'f', beat);
    }, BEAT / 4);
    const { after } = await until(
      () => observer.ask('numberOfObjects'),
      (count) => count === 0,
      { within: 3 * LEASE, what: 'The end of a session that only seems to beat' },
    );
    clearInterval(replaying);
    client.disconnect();
    expect(after).toBeGreaterThan(LEASE / 2);
    expect(after).toBeLessThanOrEqual(GIVEN_BACK);
    // Whoever beats itself is none the worse for it.
    expect(host.logged(new RegExp(`of ${observer.name} .*gave no sign of life`))).toBe(false);
  });
});
