import type { Event } from '../workers/src/history.js';
import { checkCalls, checkOrder, checkZombies } from './calls.js';
import { checkLocks } from './locks.js';
import { Past, type Facts, type Violation } from './past.js';
import { checkQueues } from './queues.js';
import { checkSessions } from './sessions.js';

export type { Facts, Violation } from './past.js';

/** The promises that a history breaks, in the order in which it did. */
export function check(events: readonly Event[], facts: Facts): Violation[] {
  const past = new Past(events);
  return [
    ...checkCalls(past),
    ...checkOrder(past),
    ...checkZombies(past),
    ...checkLocks(past, facts),
    ...checkQueues(past, facts),
    ...checkSessions(past, facts),
  ].toSorted((a, b) => a.at - b.at);
}
