import { describe, expect, it } from '@jest/globals';
import type { MediumName } from './medium.js';
import { FAULTS, faultsOf, mediumOf, schedule, type Step, type Track } from './schedule.js';

function first(count: number, seed: number, track: Track, only?: string, over: MediumName = 'Redis'): Step[] {
  const steps = schedule({ seed, lease: 2000, over }, track, only);
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

  it('has over a socket what there is without Redis', () => {
    const all = { ...FAULTS.processes, ...FAULTS.medium };
    for (const track of ['processes', 'medium'] as const) {
      const names = new Set(first(500, 1, track, undefined, 'a socket').map(({ fault }) => fault));
      expect([...names].sort()).toEqual(faultsOf(track, 'a socket').sort());
      for (const name of names) expect(name).not.toMatch(/Redis|replaced/);
    }
    const left = [...faultsOf('processes', 'a socket'), ...faultsOf('medium', 'a socket')];
    expect(left).toEqual(expect.arrayContaining(Object.keys(all).filter((name) => !/Redis|replaced/.test(name))));
  });

  it('takes the medium that has the faults that are asked for', () => {
    expect([3, 8, 6].map((seed) => mediumOf(seed))).toEqual(['a socket', 'a socket', 'Redis']);
    expect(mediumOf(3, 'Redis paused')).toBe('Redis');
    expect(mediumOf(6, 'connections of all cut')).toBe('Redis');
    expect(mediumOf(3, 'half open')).toBe('a socket');
  });

  it('has only those that are asked for', () => {
    const names = new Set(first(50, 1, 'medium', 'Redis paused').map(({ fault }) => fault));
    expect([...names].sort()).toEqual(['Redis paused for long', 'Redis paused shortly']);
  });
});
