// Hostile frames, written into the inboxes of a real server and a real application. `npm run test:fuzz` runs it for longer.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { playOverRedis } from './redis.js';
import { FUZZ, say } from './settings.js';

const SHORT = 2000;
const HEAP = 16 * 1024 * 1024;

jest.setTimeout(FUZZ.minutes * 60_000 + 60_000);

describe(`frames from seed ${FUZZ.seed}, over Redis`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const play = async (sealed: boolean): Promise<void> => {
    let seed = FUZZ.seed;
    const until = performance.now() + (FUZZ.minutes * 60_000) / 2;
    do {
      const ms = FUZZ.minutes > 0 ? 20_000 : SHORT;
      const { wrong, ...report } = await playOverRedis(redis, seed, sealed, ms);
      const rate = Math.round(report.frames / (ms / 1000));
      say(`fuzz: Redis, ${sealed ? 'authkey' : 'open'}, seed ${seed}, ${rate} frames/s: ${JSON.stringify(report)}`);
      expect({ seed, wrong: wrong.slice(0, 10) }).toEqual({ seed, wrong: [] });
      expect(report.heap).toBeLessThan(HEAP);
      seed++;
    } while (performance.now() < until);
  };

  it('of a stranger without the authkey: every honest call is answered, none of his runs', () => play(true));

  it('without an authkey: others than the session that is impersonated go on', () => play(false));
});
