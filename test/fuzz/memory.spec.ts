// Hostile frames against a server and an application in this process. `npm run test:fuzz` runs it for longer.
import { describe, expect, it, jest } from '@jest/globals';
import { FUZZ, say } from './settings.js';
import { playInMemory, type Mode } from './memory.js';

const SHORT = 2000;
const HEAP = 16 * 1024 * 1024;

jest.setTimeout(FUZZ.minutes * 60_000 + 60_000);

describe(`frames from seed ${FUZZ.seed}, in memory`, () => {
  const play = async (mode: Mode): Promise<void> => {
    let seed = FUZZ.seed;
    const until = performance.now() + (FUZZ.minutes * 60_000) / 3;
    do {
      const ms = FUZZ.minutes > 0 ? 20_000 : SHORT;
      const { wrong, ...report } = await playInMemory(seed, mode, ms);
      const rate = Math.round(report.frames / (ms / 1000));
      say(`fuzz: ${mode}, seed ${seed}, ${rate} frames/s: ${JSON.stringify(report)}`);
      expect({ seed, wrong: wrong.slice(0, 10) }).toEqual({ seed, wrong: [] });
      expect(report.calls).toBeGreaterThan(50);
      expect(report.heap).toBeLessThan(HEAP);
      seed++;
    } while (performance.now() < until);
  };

  it('of a stranger without the authkey reach nothing and end nobody', () => play('stranger'));

  it('without an authkey are suffered by the session that is impersonated, and by no other', () => play('open'));

  it('of peers that lie are suffered by them alone', () => play('peers'));
});
