import { afterEach, describe, expect, it } from '@jest/globals';
import { turns } from '../../client/house.suite.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import { untilObjects } from '../support/counted.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';

let test: TestManager;
afterEach(() => test.close());

describe.each(['semaphore', 'boundedSemaphore'] as const)('a %s', (kind) => {
  it('has the permits of an application that was killed back within its lease', async () => {
    test = await createTestManager({ lease: 300 });
    const { manager } = test;
    const victim = test.connect({ application: 'victim' });
    const mine = await manager.named('permits')[kind](2);
    const theirs = await victim.named('permits')[kind](2);
    await theirs.acquire();
    await theirs.acquire();
    const waits = theirs.acquire().catch(() => undefined);
    await untilState(manager, mine, ({ waiters }) => waiters === 1);
    const acquired = mine.acquire();
    await untilState(manager, mine, ({ waiters }) => waiters === 2);
    test.kill(victim);
    expect(await acquired).toBe(true);
    await untilState(manager, mine, ({ free }) => free === 1);
    expect(await stateOf(manager, mine)).toMatchObject({ held: 1, waiters: 0, owners: [{ application: 'test' }] });
    await victim.close();
    await waits;
  });

  it('loses no permit to 10,000 calls that are aborted about when they are answered', async () => {
    test = await createTestManager();
    const { manager } = test;
    const semaphore = await manager[kind](3);
    let had = 0;
    for (let round = 0; round < 100; round++) {
      const aborts = Array.from({ length: 100 }, () => new AbortController());
      const calls = aborts.map(({ signal }) => manager.with(semaphore, { signal }).acquire());
      const settled = calls.map(async (call) => {
        if (!(await call.catch(() => false))) return;
        had++;
        await semaphore.release();
      });
      for (const [i, abort] of aborts.entries()) {
        if (i % 10 === 0) await turns(round % 3);
        abort.abort();
      }
      await Promise.all(settled);
    }
    await untilState(manager, semaphore, ({ free, running }) => free === 3 && running === 0);
    expect(await stateOf(manager, semaphore)).toMatchObject({ held: 0, waiters: 0 });
    // Some came in time: it was about the moment of their answers.
    expect(had).toBeGreaterThan(0);
    expect(had).toBeLessThan(10_000);
  });
});

it('a semaphore is freed with its last proxy, though permits of it are held', async () => {
  test = await createTestManager();
  const { manager } = test;
  const semaphore = await manager.semaphore(2);
  await semaphore.acquire();
  await manager.release(semaphore);
  await untilObjects(manager, 0);
});
