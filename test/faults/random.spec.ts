// Faults at random for some seconds, or, with `npm run test:faults -- --minutes 30`, for longer: it sets what is read
// from the environment here.
import { describe, expect, it, jest } from '@jest/globals';
import { story } from './checker/story.js';
import { playRound } from './round.js';

const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
const MINUTES = Number(process.env['FAULTS_MINUTES'] ?? 0);
/** To look for what one fault does: only those with this in their names. */
const ONLY = process.env['FAULTS_ONLY'];
const LEASE = 2000;
/** Ms of faults in a round; the short form has one. */
const SHORT = 12_000;
const LONG = 50_000;
/** Violations that are told with their history. */
const TOLD = 5;

jest.setTimeout(MINUTES * 60_000 + 180_000);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

describe(`faults at random, from seed ${SEED}`, () => {
  it('break no promise', async () => {
    const until = performance.now() + MINUTES * 60_000;
    let seed = SEED;
    do {
      const ms = MINUTES > 0 ? LONG : SHORT;
      const { plan, events, violations, counts } = await playRound({ seed, lease: LEASE, ms, only: ONLY });
      const { servers, players, authkey } = plan;
      const key = authkey === undefined ? 'no authkey' : 'an authkey';
      say(
        `faults: seed ${seed}, ${servers.length} server(s), ${players} applications, ${key}: ${JSON.stringify(counts)}`,
      );
      for (const violation of violations.slice(0, TOLD)) say(`\nseed ${seed}: ${story(events, violation)}`);
      // The seed is in the message: the same faults at the same times, by `npm run test:faults -- --seed`.
      expect({ seed, broken: violations.map(({ rule, text }) => `${rule}: ${text}`) }).toEqual({ seed, broken: [] });
      seed++;
    } while (performance.now() < until);
  });
});
