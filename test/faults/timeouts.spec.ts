import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ALIKE } from './medium.js';
import { LEASE, Scene, type Actor, type Host } from './scene.js';
import type { Way } from './way.js';

jest.setTimeout(90_000);

const TIMEOUT = 700;
/** Ms that a busy machine may take beyond it. */
const SLACK = 1000;

describe.each(ALIKE)('a call with a timeout over %s', (over) => {
  let scene: Scene;
  let host: Host;
  let way: Way;
  let actor: Actor;

  beforeAll(async () => {
    scene = await Scene.open({ over });
    way = await scene.way();
    [host, actor] = [await scene.host(), await scene.actor({ at: way.url })];
    expect(await actor.ask('get', 'Tally', 'counted')).toBe(0);
    expect(await actor.ask('create', 'Jar')).toBe(1);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  const block = async (): Promise<void> => {
    void host.ask('block', TIMEOUT + SLACK);
    // It has heard of it by then.
    await sleep(SLACK / 3);
  };
  const troubles: Record<string, [begin: () => unknown, end: () => void]> = {
    'the server is paused': [() => host.pause(), () => host.resume()],
    'the server is blocked': [block, () => undefined],
    'Redis is paused': [() => scene.redis.pause(), () => scene.redis.resume()],
    'its connection is half open': [() => way.swallow(), () => way.open()],
  };

  // Without Redis the server is the medium that stands still.
  const those = Object.keys(troubles).filter((trouble) => over === 'Redis' || !trouble.includes('Redis'));

  it.each(those)('ends with it while %s, and says what is known', async (trouble) => {
    const [begin, end] = troubles[trouble] as [() => unknown, () => void];
    await actor.ask('call', 0, 'count', 'before');
    await begin();
    const since = performance.now();
    // One object whose session stands, one that is found by its name, and one that is made.
    const calls = [
      actor.ask('callWithin', 0, TIMEOUT, 'count', 'during'),
      actor.ask('callWithin', 1, TIMEOUT, 'look'),
      actor.ask('callWithin', 0, TIMEOUT, 'later', 'late', 60_000),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        class: 'CallTimeoutError',
        code: 'ERR_MANAGER_CALL_TIMEOUT',
        fate: expect.stringMatching(/^(unknown|not-executed)$/),
      });
      expect(performance.now() - since).toBeGreaterThan(TIMEOUT - 50);
      expect(performance.now() - since).toBeLessThan(TIMEOUT + SLACK);
    }
    end();
    const answered = await actor.ask('callWithin', 0, 3 * LEASE, 'count', 'after');
    expect(answered).toEqual(expect.any(Number));
  });
});
