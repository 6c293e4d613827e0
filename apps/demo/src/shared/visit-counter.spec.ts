import { describe, expect, it } from '@jest/globals';
import { VisitCounter } from './visit-counter.js';

describe('VisitCounter', () => {
  it('gives each visit its number', () => {
    const counter = new VisitCounter();
    expect([counter.increment(), counter.increment()]).toEqual([1, 2]);
    expect(counter.value()).toBe(2);
  });
});
