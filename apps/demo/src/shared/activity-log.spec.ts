import { describe, expect, it } from '@jest/globals';
import { ActivityLog } from './activity-log.js';

function logOf(capacity: number, entries: number): ActivityLog {
  const log = new ActivityLog(capacity);
  for (let visit = 1; visit <= entries; visit++) log.add({ visit, address: 'a', instance: 'web-1' });
  return log;
}

describe('ActivityLog', () => {
  it('gives each entry its place', () => {
    const log = logOf(3, 0);
    expect(log.add({ visit: 7, address: 'a', instance: 'web-1' })).toBe(1);
    expect(log.tail(1)).toEqual([{ visit: 7, address: 'a', instance: 'web-1', sequence: 1, at: expect.any(Number) }]);
  });

  it.each([
    [2, [2, 1]],
    [3, [3, 2, 1]],
    [4, [4, 3, 2]],
    [6, [6, 5, 4]],
    [11, [11, 10, 9]],
  ])('keeps the last entries of %i, the newest first', (entries, expected) => {
    const log = logOf(3, entries);
    expect(log.tail(100).map(({ sequence }) => sequence)).toEqual(expected);
    expect(log.tail(2).map(({ visit }) => visit)).toEqual(expected.slice(0, 2));
    expect(log.total()).toBe(entries);
  });

  it('gives nothing where nothing is asked for, or there', () => {
    expect(logOf(3, 2).tail(0)).toEqual([]);
    expect(logOf(3, 0).tail(5)).toEqual([]);
  });

  it('refuses a capacity that holds nothing', () => {
    expect(() => new ActivityLog(0)).toThrow(RangeError);
  });
});
