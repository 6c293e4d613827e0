import { describe, expect, it, jest } from '@jest/globals';
import { BEAT, Scene } from './scene.js';

jest.setTimeout(90_000);

describe('a way on which everything takes longer than a beat', () => {
  // Over a socket the server is where the ways of all applications end.
  it.concurrent.each([
    ['Redis', 'an application'],
    ['Redis', 'a server'],
    ['a socket', 'an application'],
  ] as const)('costs time and nothing else, over %s on the side of %s', async (over, side) => {
    await using scene = await Scene.open({ over });
    const way = await scene.way();
    const [slow, fast] = [{ at: way.url }, {}];
    const [host, actor] = [
      await scene.host(side === 'a server' ? slow : fast),
      await scene.actor(side === 'a server' ? fast : slow),
    ];
    const key = await actor.ask('create', 'Tally');
    const session = await actor.ask('session', key);
    // There and back.
    way.delay(0.6 * BEAT);
    const report = await actor.ask('drive', key, 60, 2, 100, 5000);
    expect(report).toEqual(expect.objectContaining({ acknowledged: 60, failed: {} }));
    way.delay(0);
    expect(await actor.ask('session', key)).toBe(session);
    expect(await actor.ask('call', key, 'count', 'the last')).toBe(61);
    expect(host.logged(/gave no sign of life|ends:/)).toBe(false);
  });
});
