import { describe, expect, it } from '@jest/globals';
import { MediumClock } from './medium-clock.js';

describe('the clock of a medium', () => {
  it('is the system’s until it hears of the medium', () => {
    expect(Math.abs(new MediumClock().now() - Date.now())).toBeLessThan(1000);
  });

  it('goes by the stamp that took the shortest way, and on by itself', () => {
    let local = 0;
    const clock = new MediumClock(() => local);
    clock.hear(1_000_000);
    local = 10;
    clock.hear(1_000_009.5);
    clock.hear(1_000_002);
    expect(clock.now()).toBe(1_000_010);
    local = 20;
    expect(clock.now()).toBe(1_000_020);
    clock.hear(1_000_025);
    expect(clock.now()).toBe(1_000_025);
  });

  it('is never behind a stamp that was just heard', () => {
    let local = 0;
    const clock = new MediumClock(() => local);
    for (let step = 0; step < 200; step += 1) {
      local += 97;
      const stamp = 5_000 + local * 1.01 - (step % 7) * 30;
      clock.hear(stamp);
      expect(clock.now()).toBeGreaterThanOrEqual(stamp);
    }
  });

  it('follows the medium’s clock back within seconds, and forward at once', () => {
    let local = 0;
    const clock = new MediumClock(() => local);
    const run = (ms: number, offset: number): void => {
      for (const end = local + ms; local < end; local += 100) clock.hear(offset + local);
    };
    run(5000, 1_000_000);
    run(5000, 990_000);
    expect(clock.now() - local).toBe(990_000);
    run(100, 2_000_000);
    expect(clock.now() - local).toBe(2_000_000);
  });

  it('does not follow the stamp of an entry into a future that cannot be', () => {
    let local = 0;
    const clock = new MediumClock(() => local);
    clock.hearEntry(1_000_000);
    local = 10;
    clock.hearEntry(9_000_000_000_000);
    expect(clock.isAhead(9_000_000_000_000)).toBe(true);
    expect(clock.now()).toBe(1_000_010);
    clock.hearEntry(1_030_000);
    expect(clock.now()).toBe(1_030_000);
    clock.hear(9_000_000);
    expect(clock.now()).toBe(9_000_000);
  });

  it('keeps its guess while the medium is quiet, and while old stamps are caught up with', () => {
    let local = 0;
    const clock = new MediumClock(() => local);
    clock.hear(1_000_000);
    local = 60_000;
    expect(clock.now()).toBe(1_060_000);
    // The process was paused: what it reads now was written long ago.
    clock.hear(1_020_000);
    expect(clock.now()).toBe(1_060_000);
  });
});
