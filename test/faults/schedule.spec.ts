import { describe, expect, it } from '@jest/globals';
import { FAULTS, schedule, type Step, type Track } from './schedule.js';

function first(count: number, seed: number, track: Track, only?: string): Step[] {
  const steps = schedule(seed, track, 2000, only);
  return Array.from({ length: count }, () => steps.next().value as Step);
}

describe('the schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(first(50, 7, 'processes')).toEqual(first(50, 7, 'processes'));
    expect(first(50, 7, 'processes')).not.toEqual(first(50, 8, 'processes'));
  });

  it('has every fault in it', () => {
    for (const track of ['processes', 'medium'] as const) {
      const names = new Set(first(500, 1, track).map(({ fault }) => fault));
      expect([...names].sort()).toEqual(Object.keys(FAULTS[track]).sort());
    }
  });

  it('has only those that are asked for', () => {
    const names = new Set(first(50, 1, 'medium', 'Redis paused').map(({ fault }) => fault));
    expect([...names].sort()).toEqual(['Redis paused for long', 'Redis paused shortly']);
  });
});
