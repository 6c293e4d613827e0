import { describe, expect, it } from '@jest/globals';
import { check } from './check.js';
import { answered, called, FACTS, fault, history, ran } from './histories.suite.js';
import { story } from './story.js';

describe('what is told of a violation', () => {
  it('is what happened around it to whom it is about, and the faults', () => {
    const events = history(
      called('app.1#1'),
      called('app.1#2'),
      fault('Redis paused shortly', 'redis', 'begins', 500),
      ran('app.1#1', 1),
      ran('app.1#1', 2),
      ran('app.1#2', 3),
      answered('app.1#1', 1),
      answered('app.1#2', 3),
      fault('Redis paused for long', 'redis', 'begins', 500, 60_000),
    );
    const [violation] = check(events, FACTS);
    if (!violation) throw new Error('Nothing is broken');
    const told = story(events, violation);
    expect(told).toContain('a call runs at most once: The call app.1#1 ran 2 times');
    expect(told).toContain('fault Redis paused shortly');
    expect(told.match(/call app\.1#1/g)).toHaveLength(5);
    expect(told).not.toContain('app.1#2');
    expect(told).not.toContain('for long');
  });
});
