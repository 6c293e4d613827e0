import { describe, expect, it } from '@jest/globals';
import { Fences } from './fences.js';

const never = (): Promise<number> => Promise.reject(new Error('nobody should ask'));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const END = 2 ** 30;
const LONG = 2n ** 63n;

describe('fences', () => {
  it('grow by each one', () => {
    const fences = new Fences(7, never);
    const some = Array.from({ length: 100 }, () => fences.next());
    for (let i = 1; i < some.length; i++) expect(some[i]).toBeGreaterThan(some[i - 1] as bigint);
  });

  it('of a later generation are above all of an earlier one', () => {
    const earlier = new Fences(7, never, END - 2 ** 20 - 2);
    expect(new Fences(8, never).next()).toBeGreaterThan(earlier.next());
  });

  it('fit a signed 64-bit column, for a generation that is the time in seconds', () => {
    const in2200 = 7_258_118_400;
    expect(new Fences(in2200, never, END - 2 ** 20 - 2).next()).toBeLessThan(LONG);
  });

  it('go on under a new generation number, asked for once and in time, when the counter runs out', async () => {
    let asked = 0;
    const fences = new Fences(7, () => Promise.resolve(7 + ++asked * 10), END - 3);
    const before = fences.next();
    await turn();
    const some = Array.from({ length: 10 }, () => fences.next());
    expect(some[0]).toBeGreaterThan(before);
    for (let i = 1; i < some.length; i++) expect(some[i]).toBeGreaterThan(some[i - 1] as bigint);
    expect(asked).toBe(1);
    expect(some.at(-1)).toBeGreaterThan(17n << 30n);
  });

  it('ask again where the generation number could not be had', async () => {
    let asked = 0;
    const fences = new Fences(
      7,
      () => (++asked < 3 ? Promise.reject(new Error('away')) : Promise.resolve(9)),
      END - 100,
    );
    for (let i = 0; i < 5; i++) {
      fences.next();
      await turn();
    }
    expect(asked).toBe(3);
  });
});
