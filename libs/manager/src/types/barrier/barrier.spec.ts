import { expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { BrokenBarrierError } from '../../protocol/index.js';
import { createTestManager } from '../../testing/index.js';
import { untilState } from '../support/state.suite.js';
import { barrierBehaviour, barrierSuiteTypes } from './barrier.suite.js';

barrierBehaviour(async () => {
  const test = await createTestManager({ types: barrierSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});

it('a barrier breaks within the lease of a party that was killed while it waited', async () => {
  await using test = await createTestManager({ lease: 300 });
  const { manager } = test;
  const victim = test.connect({ application: 'victim' });
  const mine = await manager.named('barrier').barrier(3);
  const theirs = await victim.named('barrier').barrier(3);
  const dead = theirs.wait().catch(() => undefined);
  await untilState(manager, mine, ({ waiters }) => waiters === 1);
  const waited = failure(mine.wait());
  await untilState(manager, mine, ({ waiters }) => waiters === 2);
  test.kill(victim);
  expect(await waited).toBeInstanceOf(BrokenBarrierError);
  await untilState(manager, mine, ({ waiters, running }) => waiters === 0 && running === 0);
  await victim.close();
  await dead;
});
