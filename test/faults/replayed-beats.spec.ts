import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { Authenticator } from '../../libs/manager/src/link/index.js';
import { RedisTransport, SocketTransport, type Transport } from '../../libs/manager/src/transport/index.js';
import { until } from '../support/until.js';
import { ALIKE, type Medium } from './medium.js';
import { BEAT, GIVEN_BACK, LEASE, Scene } from './scene.js';

jest.setTimeout(90_000);

/** Somebody else who may write where it wants; a socket lets nobody in who has not the key, whatever it wants there. */
function strangerOn({ name, at }: Medium, namespace: string, authkey: string | undefined): Transport {
  if (name === 'Redis') return new RedisTransport({ redis: () => new Redis(at, { lazyConnect: true }), namespace });
  const auth = authkey === undefined ? undefined : new Authenticator(authkey);
  return new SocketTransport({ address: at, ...(auth && { keys: () => auth.connectionKeys() }) });
}

describe('a beat that comes again', () => {
  const keys = { 'without an authkey': undefined, 'with an authkey': 'of 32 bytes, as an authkey is to be' };
  const cases = ALIKE.flatMap((over) => Object.entries(keys).map(([how, authkey]) => [over, how, authkey] as const));

  it.concurrent.each(cases)('keeps nothing alive, over %s, %s', async (over, _, authkey) => {
    await using scene = await Scene.open({ over });
    const host = await scene.host({ authkey });
    const [observer, actor] = [await scene.actor({ authkey }), await scene.actor({ authkey })];
    await actor.ask('create', 'Tally');
    expect(await observer.ask('numberOfObjects')).toBe(1);

    await sleep(3 * BEAT);
    const beats = [...(await actor.ask('beats')), ...(await observer.ask('beats'))];
    expect(beats.length).toBeGreaterThanOrEqual(4);

    await actor.kill();
    const stranger = strangerOn(scene.medium, scene.namespace, authkey);
    await stranger.open();
    let taken = 0;
    const replaying = setInterval(() => {
      for (const { owner, bytes } of beats) {
        void Promise.resolve(stranger.write(owner, 'beats', bytes)).then((written) => (taken += Number(written)));
      }
    }, BEAT / 4);
    const { after } = await until(
      () => observer.ask('numberOfObjects'),
      (count) => count === 0,
      { within: 3 * LEASE, what: 'The end of a session that only seems to beat' },
    );
    clearInterval(replaying);
    await stranger.close();
    expect(taken).toBeGreaterThanOrEqual(beats.length);
    expect(after).toBeGreaterThan(LEASE / 2);
    expect(after).toBeLessThanOrEqual(GIVEN_BACK);
    // Whoever beats itself is none the worse for it.
    expect(host.logged(new RegExp(`of ${observer.name} .*gave no sign of life`))).toBe(false);
  });
});
