import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { CallAbortedError, CallTimeoutError, StateError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { Visitor } from '../support/visitors.suite.js';
import type { Lock } from './referent.js';

/** The classes of users that these tests need at their server. */
export const lockSuiteTypes = [Visitor];

/** What a lock does, wherever its server and its applications are. */
export function lockBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  let lock: SharedProxy<Lock>;
  let theirs: SharedProxy<Lock>;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
    lock = await manager.named('lock').lock();
    theirs = await other.named('lock').lock();
  });
  afterEach(() => bench.close());

  const waiters = (count: number): Promise<void> => untilState(manager, lock, ({ waiters }) => waiters === count);

  describe('a lock', () => {
    it('is free at first, and held by who acquires it until it is released', async () => {
      expect(await lock.locked()).toBe(false);
      expect(await lock.fence()).toBeUndefined();
      expect(await lock.acquire()).toBe(true);
      expect(await theirs.locked()).toBe(true);
      expect(typeof (await lock.fence())).toBe('bigint');
      expect(await theirs.fence()).toBeUndefined();
      expect(await lock.release()).toBeUndefined();
      expect(await theirs.locked()).toBe(false);
      expect(await lock.fence()).toBeUndefined();
    });

    it('is not had without waiting where another has it', async () => {
      await theirs.acquire();
      expect(await lock.acquire({ blocking: false })).toBe(false);
      expect(await lock.acquire({ timeout: 0 })).toBe(false);
      expect(await lock.acquire({ timeout: 20 })).toBe(false);
      expect(await stateOf(manager, lock)).toMatchObject({ waiters: 0, running: 0 });
    });

    it('is not re-entrant', async () => {
      await lock.acquire();
      expect(await lock.acquire({ blocking: false })).toBe(false);
    });

    it.each([-1, undefined, Infinity])('waits for as long as it takes with the timeout %s', async (timeout) => {
      await theirs.acquire();
      const acquired = lock.acquire({ timeout });
      await waiters(1);
      await theirs.release();
      expect(await acquired).toBe(true);
    });

    it.each([
      ['a negative timeout', { timeout: -2 }, RangeError, /must not be negative, got -2/],
      ['a timeout without waiting', { blocking: false, timeout: 5 }, RangeError, /does not wait/],
      ['a timeout that is no number', { timeout: '5' as never }, TypeError, /number of ms, got '5'/],
      ['NaN', { timeout: NaN }, TypeError, /got NaN/],
      ['blocking that is no boolean', { blocking: 1 as never }, TypeError, /`blocking` .*got 1/],
      ['options that are none', 5 as never, TypeError, /takes options/],
    ])('refuses %s', async (_what, options, type, message) => {
      const error = await failure(lock.acquire(options));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
      expect(await lock.locked()).toBe(false);
    });

    it('goes to those who wait in the order in which they came', async () => {
      await lock.acquire();
      const order: string[] = [];
      const turn = async (i: number, one: SharedProxy<Lock>): Promise<void> => {
        await one.acquire();
        order.push(`${i}`);
        await one.release();
      };
      const waiting = [];
      for (const [i, one] of [lock, theirs, lock, theirs].entries()) {
        waiting.push(turn(i, one));
        await waiters(i + 1);
      }
      await lock.release();
      await Promise.all(waiting);
      expect(order).toEqual(['0', '1', '2', '3']);
      expect(await lock.locked()).toBe(false);
    });

    it('is not released by another application, nor when it is free', async () => {
      const free = await failure(lock.release());
      expect(free).toBeInstanceOf(StateError);
      expect(free.message).toMatch(/release\(\) of lock #\d+ \("lock"\).*nobody holds it/);
      await theirs.acquire();
      const foreign = await failure(lock.release());
      expect(foreign).toBeInstanceOf(StateError);
      expect(foreign.message).toMatch(/other .*holds it/);
      expect(await lock.locked()).toBe(true);
    });

    it('is released by any task of its application', async () => {
      await manager.task(() => lock.acquire());
      await manager.task(() => lock.release());
      expect(await lock.locked()).toBe(false);
    });

    it('holds up neither its server nor other calls of the same application while somebody waits', async () => {
      await theirs.acquire();
      const acquired = lock.acquire();
      await waiters(1);
      expect(await lock.locked()).toBe(true);
      expect(await manager.ping()).toBeGreaterThanOrEqual(0);
      await theirs.release();
      expect(await acquired).toBe(true);
    });

    it('has a fence that grows from grant to grant', async () => {
      const fences: bigint[] = [];
      for (const one of [lock, theirs, lock]) {
        await one.acquire();
        fences.push((await one.fence()) as bigint);
        await one.release();
      }
      expect(fences).toEqual([...fences].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(fences).size).toBe(3);
    });
  });

  describe('the wait for a lock', () => {
    beforeEach(() => theirs.acquire());
    const free = async (): Promise<void> => {
      await waiters(0);
      await theirs.release();
      expect(await lock.locked()).toBe(false);
      expect(await stateOf(manager, lock)).toMatchObject({ waiters: 0, running: 0 });
    };

    it('ends with its signal', async () => {
      const controller = new AbortController();
      const acquired = failure(manager.with(lock, { signal: controller.signal }).acquire());
      await waiters(1);
      controller.abort(new Error('enough'));
      const error = await acquired;
      expect(error).toBeInstanceOf(CallAbortedError);
      expect(error.cause).toEqual(new Error('enough'));
      await free();
    });

    it('ends with the timeout of its calls', async () => {
      expect(await failure(manager.with(lock, { timeout: 20 }).acquire())).toBeInstanceOf(CallTimeoutError);
      await free();
    });

    it('ends with the release of its proxy, and of no other proxy', async () => {
      const second = manager.dup(lock);
      const acquired = failure(second.acquire());
      const stays = lock.acquire();
      await waiters(2);
      await manager.release(second);
      expect(await acquired).toBeInstanceOf(CallAbortedError);
      await waiters(1);
      await theirs.release();
      expect(await stays).toBe(true);
    });

    it('ends with its session', async () => {
      await theirs.release();
      await lock.acquire();
      const acquired = failure(theirs.acquire());
      await waiters(1);
      await other.close();
      await acquired;
      await waiters(0);
      await lock.release();
      expect(await lock.locked()).toBe(false);
    });

    it('does not end for who comes after', async () => {
      const controller = new AbortController();
      const first = failure(manager.with(lock, { signal: controller.signal }).acquire());
      await waiters(1);
      const second = lock.acquire();
      await waiters(2);
      controller.abort();
      await first;
      await theirs.release();
      expect(await second).toBe(true);
    });
  });

  it('a lock that was handed to a call which nobody waits for any more is free again', async () => {
    for (let i = 0; i < 300; i++) {
      const controller = new AbortController();
      await theirs.acquire();
      const acquired = manager.with(lock, { signal: controller.signal }).acquire();
      const released = theirs.release();
      // Somewhere between the grant and the arrival of its answer.
      for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      const had = await acquired.catch(() => false);
      await released;
      if (had) await lock.release();
      expect(await theirs.acquire({ timeout: 5000 })).toBe(true);
      await theirs.release();
    }
    expect(await stateOf(manager, lock)).toMatchObject({ waiters: 0, running: 0 });
  });

  it('a lock passes to the next in line when the session of its owner ends', async () => {
    await theirs.acquire();
    const acquired = lock.acquire();
    await waiters(1);
    await other.close();
    expect(await acquired).toBe(true);
  });

  it('a lock stays held when its owner gives its proxy back', async () => {
    const second = other.dup(theirs);
    await second.acquire();
    await other.release(second);
    expect(await lock.acquire({ timeout: 20 })).toBe(false);
    await theirs.release();
    expect(await lock.acquire()).toBe(true);
  });

  describe('runExclusive of a lock', () => {
    it('holds it while the function runs, and gives its result', async () => {
      const result = await lock.runExclusive(async ({ fence, signal }) => {
        expect(await theirs.acquire({ blocking: false })).toBe(false);
        expect(await lock.fence()).toBe(fence);
        expect(signal.aborted).toBe(false);
        return 'done';
      });
      expect(result).toBe('done');
      expect(await lock.locked()).toBe(false);
    });

    it('releases it when the function throws, at once or later', async () => {
      const fails = [
        (): never => {
          throw new RangeError('at once');
        },
        async (): Promise<never> => {
          await lock.locked();
          throw new RangeError('later');
        },
      ];
      for (const fail of fails) {
        expect(await failure(lock.runExclusive(fail))).toBeInstanceOf(RangeError);
        expect(await lock.locked()).toBe(false);
      }
    });

    it('runs one function at a time, in the order in which they came', async () => {
      let running = 0;
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 ? lock : theirs).runExclusive(async () => {
            expect(++running).toBe(1);
            order.push(i);
            await lock.locked();
            running--;
          }),
        ),
      );
      expect(order).toHaveLength(20);
      expect(order.filter((i) => i % 2)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    });

    it('is a task of its own where there is none, and else of the task that it finds', async () => {
      const rlock = await manager.rlock();
      await lock.runExclusive(async () => {
        await rlock.acquire();
        await rlock.acquire();
        expect(await manager.task(() => rlock.acquire({ blocking: false }))).toBe(false);
      });
      await manager.task(async () => {
        expect(await rlock.acquire({ blocking: false })).toBe(false);
      });
    });

    it('releases it although its proxy was given back meanwhile, or its signal has fired', async () => {
      const controller = new AbortController();
      const second = manager.with(manager.dup(lock), { signal: controller.signal });
      const begun = deferred();
      const go = deferred();
      const ran = second.runExclusive(async () => {
        begun.resolve();
        await go.promise;
        return 1;
      });
      await begun.promise;
      await manager.release(second);
      controller.abort();
      go.resolve();
      expect(await ran).toBe(1);
      expect(await lock.locked()).toBe(false);
    });

    it('does not run the function where the wait was ended', async () => {
      await theirs.acquire();
      let ran = false;
      const error = await failure(manager.with(lock, { timeout: 20 }).runExclusive(() => (ran = true)));
      expect(error).toBeInstanceOf(CallTimeoutError);
      expect(ran).toBe(false);
      await theirs.release();
      await waiters(0);
      expect(await lock.locked()).toBe(false);
    });

    it('tells the function by its signal that the lock is lost, and fails where it came to its end all the same', async () => {
      const begun = deferred<AbortSignal>();
      const go = deferred();
      const ran = failure(
        theirs.runExclusive(async ({ signal }) => {
          begun.resolve(signal);
          await go.promise;
        }),
      );
      const signal = await begun.promise;
      await other.close();
      expect(signal.aborted).toBe(true);
      go.resolve();
      expect(await ran).toBe(signal.reason);
      expect(await lock.acquire()).toBe(true);
    });

    it('fails with what the function failed with, even where the lock was lost', async () => {
      const begun = deferred();
      const go = deferred();
      const ran = failure(
        theirs.runExclusive(async () => {
          begun.resolve();
          await go.promise;
          throw new RangeError('first');
        }),
      );
      await begun.promise;
      await other.close();
      go.resolve();
      expect(await ran).toEqual(new RangeError('first'));
    });
  });

  it('the census tells who holds a lock and who waits, and from where', async () => {
    await manager.task(() => lock.acquire());
    const acquired = other.task(() => theirs.acquire());
    await waiters(1);
    const state = await stateOf(manager, lock);
    expect(state).toMatchObject({
      owner: {
        application: 'test',
        session: expect.any(String),
        task: expect.any(String),
        since: expect.any(Number),
        fence: expect.any(BigInt),
        line: expect.stringMatching(/lock\.suite\.ts:\d+:\d+$/),
      },
      waiters: 1,
      waiting: [
        { application: 'other', task: expect.any(String), line: expect.stringMatching(/lock\.suite\.ts:\d+:\d+$/) },
      ],
    });
    await lock.release();
    await acquired;
  });

  it('hosted code holds a lock for the application whose call it runs', async () => {
    const visitor = await manager.create(Visitor);
    expect(await visitor.call(lock, 'acquire', [])).toBe(true);
    expect(await theirs.acquire({ blocking: false })).toBe(false);
    await lock.release();
    expect(await theirs.acquire({ blocking: false })).toBe(true);
    const error = await failure(visitor.call(lock, 'release', []));
    expect(error).toBeInstanceOf(StateError);
  });
}
