import { describe, expect, it } from '@jest/globals';
import type { Event } from '../workers/src/history.js';
import { broken, fault, history, sessionEnded, type Told } from './histories.suite.js';

interface Hold {
  hold: string;
  fence: bigint;
  by?: string;
  error?: string;
  acts?: number;
}

const fenceOf = (fence: bigint): string => fence.toString().padStart(20, '0');
/** The parts of a hold, of which the test may leave some out or put others between. */
const hold = ({ hold, fence, by = 'app.1', error, acts = 1 }: Hold) => ({
  wanted: { kind: 'wanted', hold, lock: 'lock a', careless: false, by } satisfies Told,
  held: { kind: 'held', hold, fence: fenceOf(fence), by } satisfies Told,
  acts: Array.from({ length: acts }, (): Told => ({ kind: 'acts', hold, by })),
  letGo: {
    kind: 'let-go',
    hold,
    by,
    ...(error !== undefined && { error: { class: error, ours: true, fate: undefined, message: 'as told' } }),
  } satisfies Told,
});
const whole = (made: ReturnType<typeof hold>): Told[] => [made.wanted, made.held, ...made.acts, made.letGo];
const write = (name: string, fence: bigint, accepted = true) => ({
  lock: 'lock a',
  hold: name,
  fence: fenceOf(fence),
  accepted,
});

describe('a history of locks', () => {
  const [first, second] = [hold({ hold: 'h1', fence: 7n }), hold({ hold: 'h2', fence: 8n, by: 'app.2' })];
  const good: Event[] = history(...whole(first), ...whole(second));

  it('is whole where one had the lock after the other, under a larger fence', () => {
    expect(broken(good, { vault: [write('h1', 7n), write('h2', 8n)] })).toEqual([]);
  });

  it('is whole where somebody who had lost it was refused', () => {
    const lost = hold({ hold: 'h1', fence: 7n, error: 'SessionExpiredError' });
    const events = history(lost.wanted, lost.held, ...whole(second), lost.letGo);
    expect(broken(events, { vault: [write('h1', 7n), write('h2', 8n), write('h1', 7n, false)] })).toEqual([]);
  });

  it('is broken by a vault that takes an older fence after a newer one', () => {
    const vault = [write('h1', 7n), write('h2', 8n), write('h1', 7n)];
    expect(broken(good, { vault })).toEqual(['no older fence is accepted']);
  });

  it('is broken where somebody is refused who had the lock to the end', () => {
    const vault = [write('h2', 8n), write('h1', 7n, false)];
    expect(broken(good, { vault })).toEqual(['who has the lock is not refused']);
  });

  it('is broken by two holds with the same fence', () => {
    const same = hold({ hold: 'h2', fence: 7n, by: 'app.2' });
    expect(broken(history(...whole(first), ...whole(same)))).toEqual(['a fence is one hold', 'fences grow']);
  });

  it('is broken by a fence that is smaller than one before', () => {
    const smaller = hold({ hold: 'h2', fence: 6n, by: 'app.2' });
    expect(broken(history(...whole(first), ...whole(smaller)))).toEqual(['fences grow']);
  });

  it('is broken by two who have it at the same time', () => {
    const events = history(
      first.wanted,
      second.wanted,
      first.held,
      second.held,
      ...first.acts,
      first.letGo,
      second.letGo,
    );
    expect(broken(events)).toEqual(['one owner at a time']);
  });

  it('is broken by somebody who acts after its session ended', () => {
    const lost = hold({ hold: 'h1', fence: 7n, error: 'SessionExpiredError' });
    const paused = [
      fault('application blocked for long', 'app.1', 'begins', 3000),
      fault('application blocked for long', 'app.1', 'ends', 3000, 3000),
    ];
    const late: Told = { kind: 'acts', hold: 'h1', at: 3001 };
    const events = history(lost.wanted, lost.held, ...paused, late, lost.letGo, sessionEnded('expired', 2500));
    expect(broken(events)).toEqual(['nobody acts on a lease that is over']);
    // It had looked before it was stopped, and wrote that down after.
    const stopped = events.map((event): Event =>
      event.kind === 'fault' ? { ...event, fault: 'application paused for long' } : event,
    );
    expect(broken(stopped)).toEqual([]);
  });
});
