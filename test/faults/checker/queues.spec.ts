import { describe, expect, it } from '@jest/globals';
import {
  answered,
  broken,
  called,
  failed,
  fault,
  history,
  killed,
  sessionEnded,
  type Told,
} from './histories.suite.js';

const put = (item: string, queue = '1#5'): Told[] => [
  called(item, { what: 'put' }),
  answered(item, undefined, { queue }),
];
const get = (call: string, item: string, by = 'app.1'): Told[] => [
  { ...called(call, { what: 'get' }), by },
  { ...answered(call, item), by },
];
const there = { queues: ['1#5'] };

describe('a history of queues', () => {
  it('is whole where each item was taken once, or is still there, or went with its server', () => {
    const events = history(...put('p1'), ...put('p2'), ...put('p3', '0#9'), ...get('g1', 'p1'));
    expect(broken(events, { ...there, left: ['p2'] })).toEqual([]);
  });

  it('is whole where nobody knows whether an item was put, whatever became of it', () => {
    const unknown = (item: string): Told[] => [
      called(item, { what: 'put' }),
      failed(item, 'CallTimeoutError', 'unknown'),
    ];
    expect(broken(history(...unknown('p1'), ...unknown('p2'), ...get('g1', 'p1')), there)).toEqual([]);
  });

  it('is broken by an item that is nowhere', () => {
    expect(broken(history(...put('p1'), ...put('p2'), ...get('g1', 'p1')), there)).toEqual(['no item is lost']);
    // Nobody was told that it had it, so nobody can have taken it with it.
    const waiting: Told = { ...called('g2', { what: 'get' }), by: 'app.2' };
    expect(broken(history(...put('p1'), waiting, killed('app.2')), there)).toEqual(['no item is lost']);
  });

  it('is broken by an item that nobody put', () => {
    expect(broken(history(...get('g1', 'p1')), there)).toEqual(['no item is made up']);
  });

  it('is broken by an item that was taken and is said not to have been put', () => {
    const refused = [called('p1', { what: 'put' }), failed('p1', 'CallTimeoutError', 'not-executed')];
    expect(broken(history(...refused, ...get('g1', 'p1')), there)).toEqual(['what is said of a call is true']);
  });

  it('is broken by an item that was given twice, where its first consumer went on', () => {
    const twice = 'an item is given twice only where its consumer is gone';
    const [first, second] = [get('g1', 'p1'), get('g2', 'p1', 'app.2')];
    expect(broken(history(...put('p1'), ...first, ...second), there)).toEqual([twice]);
    expect(broken(history(...put('p1'), ...first), { ...there, left: ['p1'] })).toEqual([twice]);
    expect(broken(history(...put('p1'), ...first, ...second, killed('app.1')), there)).toEqual([twice]);
    expect(broken(history(...put('p1'), ...first, killed('app.1'), ...second), there)).toEqual([]);
    const disturbed = fault('Redis paused for long', 'redis', 'begins', 3000);
    expect(broken(history(disturbed, ...put('p1'), ...first, sessionEnded('expired'), ...second), there)).toEqual([]);
  });
});
