import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RateLimiter } from './rate-limiter.js';

describe('RateLimiter', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('allows so many hits in a window, and no more', () => {
    const limiter = new RateLimiter({ limit: 2, window: 100 });
    expect(limiter.hit('a')).toEqual({ allowed: true, remaining: 1, resetAt: 1100 });
    expect(limiter.hit('a')).toEqual({ allowed: true, remaining: 0, resetAt: 1100 });
    expect(limiter.hit('a')).toEqual({ allowed: false, remaining: 0, resetAt: 1100 });
  });

  it('counts each address by itself', () => {
    const limiter = new RateLimiter({ limit: 1, window: 100 });
    limiter.hit('a');
    expect(limiter.hit('b').allowed).toBe(true);
  });

  it('opens a new window with the first hit after the last one ended', () => {
    const limiter = new RateLimiter({ limit: 1, window: 100 });
    limiter.hit('a');
    jest.setSystemTime(1099);
    expect(limiter.hit('a').allowed).toBe(false);
    jest.setSystemTime(1150);
    expect(limiter.hit('a')).toEqual({ allowed: true, remaining: 0, resetAt: 1250 });
  });

  it('forgets windows that ended', () => {
    const limiter = new RateLimiter({ limit: 5, window: 100 });
    limiter.hit('a');
    jest.setSystemTime(1060);
    limiter.hit('b');
    limiter.hit('b');
    expect(limiter.busiest(10).map(({ address, used }) => [address, used])).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
    expect(limiter.busiest(1)).toHaveLength(1);
    jest.setSystemTime(1100);
    expect(limiter.busiest(10).map(({ address }) => address)).toEqual(['b']);
  });

  it('refuses a limit that would allow nothing', () => {
    expect(() => new RateLimiter({ limit: 0, window: 100 })).toThrow(RangeError);
    expect(() => new RateLimiter({ limit: 1, window: Number.NaN })).toThrow(RangeError);
  });
});
