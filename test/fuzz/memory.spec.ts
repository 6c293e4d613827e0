// Hostile frames against a server and an application in this process. `npm run test:fuzz` runs it for longer.
import { describe, expect, it, jest } from '@jest/globals';
import { FUZZ, say } from './settings.js';
import { playInMemory, type Mode } from './memory.js';

const SHORT = 2500;
const HEAP = 16 * 1024 * 1024;

jest.setTimeout(FUZZ.minutes * 60_000 + 60_000);

describe(`frames from seed ${FUZZ.seed}, in memory`, () => {
  const modes: [Mode, string][] = [
    ['stranger', 'a stranger reaches nothing and ends nobody'],
    ['open', 'without an authkey, only the session that is impersonated suffers'],
    ['peers', 'peers that lie suffer alone'],
  ];
  it.each(modes)('%s: %s', async (mode) => {
    let seed = FUZZ.seed;
    const until = performance.now() + (FUZZ.minutes * 60_000) / 6;
    do {
      const ms = FUZZ.minutes > 0 ? 20_000 : SHORT;
      const { wrong, ...report } = await playInMemory(seed, mode, ms);
      say(
        `fuzz: ${mode}, seed ${seed}, ${Math.round(report.frames / (ms / 1000))} frames/s: ${JSON.stringify(report)}`,
      );
      expect({ seed, wrong: wrong.slice(0, 10) }).toEqual({ seed, wrong: [] });
      expect(report.calls).toBeGreaterThan(50);
      expect(report.heap).toBeLessThan(HEAP);
      seed++;
    } while (performance.now() < until);
  });
});
