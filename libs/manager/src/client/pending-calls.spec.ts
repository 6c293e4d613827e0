import { describe, expect, it } from '@jest/globals';
import { PendingCalls, type Pending } from './pending-calls.js';

function pending(number: number): Pending {
  return { number, deadline: Infinity, unlisten: undefined } as unknown as Pending;
}

describe('the calls that wait', () => {
  it('are found by their number, however many wait and however long some do', () => {
    const calls = new PendingCalls(() => undefined);
    const held = new Map<number, Pending>();
    for (let number = 1; number <= 5000; number++) {
      const call = pending(number);
      calls.add(call);
      held.set(number, call);
      // Some wait for ever, most end soon, in another order than they came.
      const done = number - (number % 7);
      if (done % 5 === 0 || !held.has(done)) continue;
      expect(calls.take(done)).toBe(held.get(done));
      held.delete(done);
      expect(calls.take(done)).toBeUndefined();
    }
    expect(calls.size).toBe(held.size);
    expect(calls.size).toBeGreaterThan(3000);
    for (const [number, call] of [...held].reverse()) expect(calls.take(number)).toBe(call);
    expect(calls.size).toBe(0);
  });

  it('are given up in the order in which they were made', () => {
    const calls = new PendingCalls(() => undefined);
    const numbers = [1, 2, 257, 258, 513, 3];
    for (const number of numbers) calls.add(pending(number));
    calls.take(1);
    calls.add(pending(1025));
    expect(calls.takeAll().map(({ number }) => number)).toEqual([2, 3, 257, 258, 513, 1025]);
    expect(calls.size).toBe(0);
    expect(calls.takeAll()).toEqual([]);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('are none by the number %p', (number) => {
    const calls = new PendingCalls(() => undefined);
    calls.add(pending(1));
    expect(calls.take(number)).toBeUndefined();
    expect(calls.maker(number)).toBeUndefined();
    expect(calls.size).toBe(1);
  });
});
