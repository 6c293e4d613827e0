import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { NoTaskError, StateError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { Visitor } from '../support/visitors.suite.js';
import type { RLock } from './referent.js';

/** The classes of users that these tests need at their server. */
export const rlockSuiteTypes = [Visitor];

/** What an rlock does beyond a lock, wherever its server and its applications are. */
export function rlockBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  let lock: SharedProxy<RLock>;
  let theirs: SharedProxy<RLock>;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
    lock = await manager.named('rlock').rlock();
    theirs = await other.named('rlock').rlock();
  });
  afterEach(() => bench.close());

  const free = (): Promise<boolean> =>
    other.task(async () => {
      const had = await theirs.acquire({ blocking: false });
      if (had) await theirs.release();
      return had;
    });
  const waiters = (count: number): Promise<void> => untilState(manager, lock, ({ waiters }) => waiters === count);

  describe('an rlock', () => {
    it('is acquired by its task as often as that likes, and free after as many releases', async () => {
      await manager.task(async () => {
        for (let i = 0; i < 3; i++) expect(await lock.acquire()).toBe(true);
        expect(await stateOf(manager, lock)).toMatchObject({ owner: { depth: 3 } });
        for (let i = 0; i < 3; i++) {
          expect(await free()).toBe(false);
          expect(await lock.release()).toBeUndefined();
        }
        expect(await free()).toBe(true);
      });
    });

    it('is not had by another task of the same application, nor released by it', async () => {
      await manager.task(async () => {
        await lock.acquire();
        await manager.task(async () => {
          expect(await lock.acquire({ blocking: false })).toBe(false);
          const error = await failure(lock.release());
          expect(error).toBeInstanceOf(StateError);
          expect(error.message).toMatch(/another task holds it/);
          expect(await lock.fence()).toBeUndefined();
        });
        expect(typeof (await lock.fence())).toBe('bigint');
      });
    });

    it('keeps two requests of one application apart that run at the same time', async () => {
      let inside = 0;
      await Promise.all(
        Array.from({ length: 10 }, () =>
          lock.runExclusive(async () => {
            expect(++inside).toBe(1);
            await lock.runExclusive(() => lock.locked());
            inside--;
          }),
        ),
      );
      expect(await lock.locked()).toBe(false);
    });

    it.each(['acquire', 'release'] as const)('wants a task for %s(), and says what to do', async (member) => {
      const error = await failure(lock[member]());
      expect(error).toBeInstanceOf(NoTaskError);
      expect(error).toMatchObject({ fate: 'not-executed', method: member });
      expect(error.message).toMatch(/runExclusive\(fn\).*manager\.task\(fn\)/);
      expect(await lock.locked()).toBe(false);
    });

    it('wants the task in the server as well, whatever a client sends', async () => {
      const visitor = await manager.create(Visitor);
      const error = await failure(visitor.call(lock, 'acquire', []));
      expect(error).toBeInstanceOf(NoTaskError);
      expect(await manager.task(() => visitor.call(lock, 'acquire', []))).toBe(true);
    });

    it('belongs to the task of an application also in hosted code', async () => {
      const visitor = await manager.create(Visitor);
      await manager.task(async () => {
        await lock.acquire();
        expect(await visitor.call(lock, 'acquire', [{ blocking: false }])).toBe(true);
        expect(await stateOf(manager, lock)).toMatchObject({ owner: { depth: 2 } });
      });
    });

    it('goes to the next in line when the session of its owner ends, however deep it was', async () => {
      await other.task(async () => {
        for (let i = 0; i < 3; i++) await theirs.acquire();
      });
      const acquired = manager.task(() => lock.acquire());
      await waiters(1);
      await other.close();
      expect(await acquired).toBe(true);
    });

    it('that was taken once more by a call which nobody waits for any more is as deep as before', async () => {
      await manager.task(async () => {
        await lock.acquire();
        for (let i = 0; i < 50; i++) {
          const controller = new AbortController();
          const again = manager.with(lock, { signal: controller.signal }).acquire();
          for (let turn = 0; turn < i % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
          controller.abort();
          if (await again.catch(() => false)) await lock.release();
        }
        await untilState(manager, lock, ({ owner }) => (owner as { depth: number }).depth === 1);
        await lock.release();
        expect(await free()).toBe(true);
      });
    });
  });
}
