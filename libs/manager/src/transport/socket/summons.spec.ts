import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Summons } from './summons.js';

describe('calling for somebody who listens', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** Ms until the next call is made. */
  const wait = async (summons: Summons): Promise<number> => {
    for (let waited = 0; ; waited += 100) {
      if (await summons.call()) return waited;
      jest.advanceTimersByTime(100);
    }
  };

  it('is done ever more seldom while nobody stays', async () => {
    const summons = new Summons(() => Promise.resolve());
    const waits: number[] = [];
    for (let call = 0; call < 8; call++) {
      waits.push(await wait(summons));
      summons.up(true);
      summons.up(false);
    }
    expect(waits).toEqual([0, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('is done at once after somebody who stayed', async () => {
    const summons = new Summons(() => Promise.resolve());
    for (let call = 0; call < 3; call++) {
      await wait(summons);
      summons.up(true);
      jest.advanceTimersByTime(5000);
      summons.up(false);
      expect(await wait(summons)).toBe(0);
      jest.advanceTimersByTime(60_000);
    }
  });

  it('is one call of all who wait, and remembers why nobody came', async () => {
    const why = new Error('no module');
    const call = jest.fn(() => Promise.reject(why));
    const summons = new Summons(call);
    await Promise.all([summons.call(), summons.call()].map((each) => expect(each).rejects.toBe(why)));
    expect(call).toHaveBeenCalledTimes(1);
    expect(await summons.call()).toBe(false);
    expect(summons.failure).toBe(why);
    summons.up(true);
    expect(summons.failure).toBeUndefined();
  });
});
