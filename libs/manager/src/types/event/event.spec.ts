import { describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { createTestManager } from '../../testing/index.js';
import { eventBehaviour, eventSuiteTypes } from './event.suite.js';
import { untilState } from '../support/state.suite.js';

eventBehaviour(async () => {
  const test = await createTestManager({ types: eventSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});

describe('an event whose waiters are killed', () => {
  it('is left by them when their lease is over', async () => {
    await using test = await createTestManager({ lease: 600 });
    const { manager } = test;
    const event = await manager.named('start').event();
    const other = test.connect({ application: 'other' });
    const theirs = await other.named('start').event();
    const ended = Array.from({ length: 100 }, (_, i) => failure(i % 2 ? theirs.wait() : theirs.wait(60_000)));
    await untilState(manager, event, ({ waiting }) => waiting === 100);
    test.kill(other);
    await untilState(manager, event, ({ waiting, running }) => waiting === 0 && running === 0);
    await event.set();
    expect(await event.wait()).toBe(true);
    await other.close();
    await Promise.all(ended);
  });
});
