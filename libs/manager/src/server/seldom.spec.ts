import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Seldom } from './seldom.js';

describe('lines that others can bring about at will', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('come once a second at most, and say how many did not', () => {
    let now = 5000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const lines: string[] = [];
    const seldom = new Seldom((text) => lines.push(text));
    for (let n = 1; n <= 25; n++) {
      seldom.say(`line ${n}`);
      now += 125;
    }
    expect(lines).toEqual([
      'line 1',
      'line 9 (7 like this were not told)',
      'line 17 (7 like this were not told)',
      'line 25 (7 like this were not told)',
    ]);
    now += 60_000;
    for (const n of [1, 2]) seldom.say(`late ${n}`);
    expect(lines.slice(4)).toEqual(['late 1']);
  });
});
