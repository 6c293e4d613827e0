import type { EventOf } from '../workers/src/history.js';
import type { Facts, Past, Violation } from './past.js';

/** Ms before it was told of an item in which what made it a loss may have happened. */
const BEFORE = 1000;

interface Taking {
  by: string;
  call: string;
  at: number;
}

/** Items are never lost, never made up, and given twice only where who had them is gone. */
export function checkQueues(past: Past, { left, queues }: Facts): Violation[] {
  const violations: Violation[] = [];
  const takings = new Map<string, Taking[]>();
  for (const { called, end } of past.calls.values()) {
    if (called.what !== 'get' || end?.kind !== 'answered' || typeof end.value !== 'string') continue;
    const taken = takings.get(end.value) ?? [];
    takings.set(end.value, taken);
    taken.push({ by: called.by, call: called.call, at: end.at });
  }
  const say = (rule: string, text: string, at: number, about: string[]): void =>
    void violations.push({ rule, text, at, about });

  for (const [item, taken] of takings) {
    taken.sort((a, b) => a.at - b.at);
    const about = [item, ...taken.flatMap(({ by, call }) => [call, by])];
    const put = past.calls.get(item);
    const last = taken.at(-1)?.at ?? 0;
    if (put?.called.what !== 'put') say('no item is made up', `${item} was taken, and nobody put it.`, last, about);
    else if (put.end?.kind === 'failed' && put.end.error.fate === 'not-executed') {
      say('what is said of a call is true', `${item} was taken, and was told not to have been put.`, last, about);
    }
    // Each taking but the last must have come to nothing; the last too, where the item is still there.
    const undone = left.includes(item) ? taken : taken.slice(0, -1);
    for (const [index, taking] of undone.entries()) {
      const until = taken[index + 1]?.at ?? Infinity;
      if (cameToNothing(past, taking, until)) continue;
      const text = `${item} was given to ${taking.by}, which went on, and then again.`;
      say('an item is given twice only where its consumer is gone', text, Math.min(until, Number.MAX_VALUE), about);
    }
  }
  const there = new Set(queues);
  const remaining = new Set(left);
  for (const { called, end } of past.calls.values()) {
    if (called.what !== 'put' || end?.kind !== 'answered') continue;
    const { queue } = end as EventOf<'answered'>;
    if (queue === undefined || !there.has(queue)) continue; // it went with its server
    if (takings.has(called.call) || remaining.has(called.call)) continue;
    say('no item is lost', `${called.call} was put into ${queue}, and is nowhere.`, end.at, [called.call, called.by]);
  }
  return violations;
}

/** Its consumer died, or lost its session, before the next one had the item. */
function cameToNothing(past: Past, { by, at }: Taking, until: number): boolean {
  const over = past.over.get(by);
  if (over?.how === 'killed' && over.at <= until) return true;
  return past.ended.some(
    (ended) =>
      ended.application === by && ended.reason !== 'closed' && ended.at >= at - BEFORE && ended.at <= until + BEFORE,
  );
}
