// Faults at random for some seconds, or, with `npm run test:faults -- --minutes 30`, for longer: it sets what is read
// from the environment here.
import { describe, expect, it, jest } from '@jest/globals';
import type { Violation } from './checker/check.js';
import { story } from './checker/story.js';
import { MEDIA, type MediumName } from './medium.js';
import { playRound } from './round.js';

const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
const MINUTES = Number(process.env['FAULTS_MINUTES'] ?? 0);
/** To look for what one fault does: only those with this in their names. */
const ONLY = process.env['FAULTS_ONLY'];
/** Over this alone, in place of what each seed says: `redis` or `socket`. */
const MEDIUM = process.env['FAULTS_MEDIUM'];
const OVER = MEDIA.find((name) => MEDIUM !== undefined && name.toLowerCase().includes(MEDIUM));
/** The short form is a round over each. */
const PLAYED: Record<string, MediumName | undefined> =
  MINUTES > 0 || OVER
    ? { [OVER ?? 'what each seed says']: OVER }
    : Object.fromEntries(MEDIA.map((over) => [over, over]));
const LEASE = 2000;
/** Ms of faults in a round; the short form has one. */
const SHORT = 12_000;
const LONG = 50_000;
/** Rules of which a violation is told with its history. */
const TOLD = 5;

jest.setTimeout(MINUTES * 60_000 + 180_000);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function byRule(violations: readonly Violation[]): Map<string, Violation[]> {
  const rules = new Map<string, Violation[]>();
  for (const violation of violations) rules.set(violation.rule, [...(rules.get(violation.rule) ?? []), violation]);
  return rules;
}

describe(`faults at random, from seed ${SEED}`, () => {
  it.each(Object.entries(PLAYED))('break no promise, over %s', async (_, chosen) => {
    const until = performance.now() + MINUTES * 60_000;
    let seed = SEED;
    do {
      const ms = MINUTES > 0 ? LONG : SHORT;
      const { plan, events, violations, counts } = await playRound({
        seed,
        lease: LEASE,
        ms,
        only: ONLY,
        over: chosen,
      });
      const { over, servers, players, authkey } = plan;
      const key = authkey === undefined ? 'no authkey' : 'an authkey';
      say(
        `faults: seed ${seed}, over ${over}, ${servers.length} server(s), ${players} applications, ${key}: ${JSON.stringify(counts)}`,
      );
      const rules = byRule(violations);
      // Of each rule the first: what follows is often what comes of it.
      for (const [first] of [...rules.values()].slice(0, TOLD)) {
        if (first) say(`\nseed ${seed}: ${story(events, first)}`);
      }
      // The seed is in the message: it causes the same faults at the same times.
      const broken = Array.from(rules, ([rule, all]) => `${rule}: ${all.length} times, first: ${all[0]?.text}`);
      expect({ seed, broken }).toEqual({ seed, broken: [] });
      seed++;
    } while (performance.now() < until);
  });
});
