import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure, House } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import { builtInTypes } from '../built-in.js';
import type { Manager } from '../index.js';
import { Lock } from '../lock/referent.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { Condition } from './referent.js';

describe.each(['a lock of its own', 'a lock', 'an rlock'] as const)(
  'within the lease of an application that was killed, a condition over %s',
  (which) => {
    let test: TestManager;
    let manager: Manager;
    let victim: Manager;
    let mine: SharedProxy<Condition>;
    let theirs: SharedProxy<Condition>;
    beforeEach(async () => {
      test = await createTestManager({ lease: 300 });
      ({ manager } = test);
      victim = test.connect({ application: 'victim' });
      [mine, theirs] = [await open(manager), await open(victim)];
    });
    afterEach(() => test.close());

    async function open(of: Manager): Promise<SharedProxy<Condition>> {
      const named = of.named('condition');
      if (which === 'a lock of its own') return named.condition();
      return named.condition(which === 'a lock' ? await of.named('lock').lock() : await of.named('rlock').rlock());
    }
    const forget = (call: Promise<unknown>): void => void call.catch(() => undefined);
    const waiters = (count: number): Promise<void> => untilState(manager, mine, (state) => state['waiters'] === count);
    const clean = async (): Promise<void> => {
      await untilState(manager, mine, ({ running }) => running === 0);
      expect(await stateOf(manager, mine)).toMatchObject({ waiters: 0, waiting: [] });
      expect((await stateOf(manager, mine))['lock']).toEqual({ waiters: 0, waiting: [] });
    };

    it('has no waiter of it any more', async () => {
      forget(theirs.runExclusive(() => theirs.wait()));
      await waiters(1);
      test.kill(victim);
      await waiters(0);
      await clean();
    });

    it('passes its lock to the next in line', async () => {
      await victim.task(() => theirs.acquire());
      const acquired = manager.task(async () => {
        expect(await mine.acquire()).toBe(true);
        await mine.release();
      });
      test.kill(victim);
      await acquired;
      await clean();
    });

    it('gives the notification that it was told of to the next who waits', async () => {
      forget(theirs.runExclusive(() => theirs.wait()));
      await waiters(1);
      const next = manager.task(() => mine.runExclusive(() => mine.wait()));
      await waiters(2);
      test.kill(victim);
      // Before its lease is over: it is first in line, and nobody knows yet.
      await mine.runExclusive(() => mine.notify());
      expect(await next).toBe(true);
      await clean();
    });

    it('has the lock back that it took up again after its wait', async () => {
      if (which !== 'a lock') {
        forget(theirs.runExclusive(() => theirs.runExclusive(() => theirs.runExclusive(() => theirs.wait()))));
      } else forget(theirs.runExclusive(() => theirs.wait()));
      await waiters(1);
      test.kill(victim);
      await mine.runExclusive(() => mine.notifyAll());
      expect(await manager.task(() => mine.acquire())).toBe(true);
    });
  },
);

it('a condition refuses the lock of another server, and says where it can be made', async () => {
  const house = new House();
  await house.server([], { name: 'one', builtIn: builtInTypes() });
  const two = await house.server([], { name: 'two', builtIn: builtInTypes() });
  house.manager({ local: () => two.local, foreign: (objects) => (two.foreign = objects) });
  const manager = house.manager();
  const lock = await manager.at('one').create(Lock);
  const error = await failure(manager.at('two').create(Condition, lock));
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe(
    'A condition works on a lock of its own server, and this lock is at "one": make the condition there, with ' +
      "manager.at('one').",
  );
  const condition = await manager.at('one').create(Condition, lock);
  expect(await condition.runExclusive(() => condition.wait(0))).toBe(false);
  await house.close();
});
