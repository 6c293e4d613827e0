import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { CallAbortedError, CallTimeoutError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Semaphore } from './referent.js';

/** The classes of users that these tests need at their server. */
export const semaphoreSuiteTypes = visitorTypes;

const kinds = ['semaphore', 'boundedSemaphore'] as const;

/** What semaphores of both kinds do, wherever their server and their applications are. */
export function semaphoreBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  describe.each(kinds)('a %s', (kind) => {
    type Both = [mine: SharedProxy<Semaphore>, theirs: SharedProxy<Semaphore>];
    const named = async (n?: number): Promise<Both> => [
      await manager.named('permits')[kind](n),
      await other.named('permits')[kind](n),
    ];
    const waiters = (proxy: SharedProxy<Semaphore>, count: number): Promise<void> =>
      untilState(manager, proxy, (state) => state['waiters'] === count);

    describe.each(ways)('called by %s', (way) => {
      const made = async (n?: number): Promise<SharedProxy<Semaphore>> =>
        by(way, manager, (await manager[kind](n)) as SharedProxy<Semaphore>);

      it('has one permit unless it is told otherwise', async () => {
        const semaphore = await made();
        expect(await semaphore.value()).toBe(1);
        expect(await semaphore.acquire()).toBe(true);
        expect(await semaphore.value()).toBe(0);
        expect(await semaphore.acquire({ blocking: false })).toBe(false);
        expect(await semaphore.release()).toBeUndefined();
        expect(await semaphore.value()).toBe(1);
      });

      it('gives out as many permits as it has', async () => {
        const semaphore = await made(3);
        for (const left of [2, 1, 0]) {
          expect(await semaphore.acquire({ blocking: false })).toBe(true);
          expect(await semaphore.value()).toBe(left);
        }
        expect(await semaphore.acquire({ timeout: 0 })).toBe(false);
        expect(await semaphore.acquire({ timeout: 20 })).toBe(false);
        for (const free of [1, 2, 3]) {
          await semaphore.release();
          expect(await semaphore.value()).toBe(free);
        }
      });

      it('may have none', async () => {
        const semaphore = await made(0);
        expect(await semaphore.value()).toBe(0);
        expect(await semaphore.acquire({ blocking: false })).toBe(false);
      });
    });

    it.each([-1, undefined, Infinity])('waits for as long as it takes with the timeout %s', async (timeout) => {
      const [mine, theirs] = await named();
      await theirs.acquire();
      const acquired = mine.acquire({ timeout });
      await waiters(mine, 1);
      await theirs.release();
      expect(await acquired).toBe(true);
    });

    it('gives up when the time is over, and leaves nothing', async () => {
      const [mine, theirs] = await named();
      await theirs.acquire();
      expect(await mine.acquire({ timeout: 20 })).toBe(false);
      expect(await stateOf(manager, mine)).toMatchObject({ waiters: 0, running: 0, held: 1, free: 0 });
      await theirs.release();
      expect(await mine.value()).toBe(1);
    });

    it.each([
      ['a negative timeout', { timeout: -2 }, RangeError, /must not be negative, got -2/],
      ['a timeout without waiting', { blocking: false, timeout: 5 }, RangeError, /does not wait/],
      ['a timeout that is no number', { timeout: '5' as never }, TypeError, /number of ms, got '5'/],
      ['NaN', { timeout: NaN }, TypeError, /got NaN/],
      ['blocking that is no boolean', { blocking: 1 as never }, TypeError, /`blocking` .*got 1/],
      ['options that are none', 5 as never, TypeError, /takes options/],
    ])('refuses to acquire with %s', async (_what, options, type, message) => {
      const [semaphore] = await named();
      const error = await failure(semaphore.acquire(options));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
      expect(await semaphore.value()).toBe(1);
    });

    it.each([
      [-1, RangeError, 'The number of permits is a whole number, 0 or more, got -1.'],
      [1.5, RangeError, 'The number of permits is a whole number, 0 or more, got 1.5.'],
      [Infinity, RangeError, 'The number of permits is a whole number, 0 or more, got Infinity.'],
      [NaN, TypeError, 'The number of permits is a number, got NaN.'],
      ['2', TypeError, "The number of permits is a number, got '2'."],
      [null, TypeError, 'The number of permits is a number, got null.'],
    ])('cannot be made with %p permits', async (n, type, message) => {
      const error = await failure(manager[kind](n as never));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toBe(message);
    });

    it('serves those who wait in the order in which they came, one for each permit', async () => {
      const [mine, theirs] = await named(2);
      await mine.acquire();
      await mine.acquire();
      const served: number[] = [];
      const waiting: Promise<unknown>[] = [];
      for (const [i, one] of [theirs, mine, theirs, mine].entries()) {
        waiting.push(one.acquire().then(() => served.push(i)));
        await waiters(mine, i + 1);
      }
      for (let count = 1; count <= 2; count++) {
        await mine.release();
        await waiters(mine, 4 - count);
        await waiting[count - 1];
        expect(served).toHaveLength(count);
      }
      await theirs.release();
      await Promise.all(waiting.slice(0, 3));
      await mine.release();
      await Promise.all(waiting);
      expect(served).toEqual([0, 1, 2, 3]);
    });

    it('does not let one who comes later pass those who wait', async () => {
      const [mine, theirs] = await named();
      await theirs.acquire();
      const first = mine.acquire();
      await waiters(mine, 1);
      const second = theirs.acquire({ timeout: 20 });
      await theirs.release();
      expect(await first).toBe(true);
      expect(await second).toBe(false);
    });

    it('holds up neither its server nor other calls of the same application while somebody waits', async () => {
      const [mine] = await named(0);
      const acquired = failure(mine.acquire());
      await waiters(mine, 1);
      expect(await mine.value()).toBe(0);
      expect(await manager.ping()).toBeGreaterThanOrEqual(0);
      await manager.release(mine);
      await acquired;
    });

    describe('the wait for a permit', () => {
      it('ends with its signal, and leaves nothing', async () => {
        const [mine, theirs] = await named();
        await theirs.acquire();
        const controller = new AbortController();
        const acquired = failure(manager.with(mine, { signal: controller.signal }).acquire());
        await waiters(mine, 1);
        controller.abort(new Error('enough'));
        const error = await acquired;
        expect(error).toBeInstanceOf(CallAbortedError);
        expect(error.cause).toEqual(new Error('enough'));
        await untilState(manager, mine, (state) => state['waiters'] === 0 && state['running'] === 0);
        await theirs.release();
        expect(await mine.value()).toBe(1);
      });

      it('ends with the timeout of its calls', async () => {
        const [mine, theirs] = await named();
        await theirs.acquire();
        expect(await failure(manager.with(mine, { timeout: 20 }).acquire())).toBeInstanceOf(CallTimeoutError);
        await waiters(mine, 0);
        await theirs.release();
        expect(await mine.value()).toBe(1);
      });

      it('ends with the release of its proxy, and of no other proxy', async () => {
        const [mine, theirs] = await named();
        await theirs.acquire();
        const second = manager.dup(mine);
        const acquired = failure(second.acquire());
        const stays = mine.acquire();
        await waiters(mine, 2);
        await manager.release(second);
        expect(await acquired).toBeInstanceOf(CallAbortedError);
        await waiters(mine, 1);
        await theirs.release();
        expect(await stays).toBe(true);
      });

      it('ends with its session', async () => {
        const [mine, theirs] = await named();
        await mine.acquire();
        const acquired = failure(theirs.acquire());
        await waiters(mine, 1);
        await other.close();
        await acquired;
        await untilState(manager, mine, (state) => state['waiters'] === 0 && state['running'] === 0);
        await mine.release();
        expect(await mine.value()).toBe(1);
      });
    });

    describe('a permit', () => {
      it('that was handed to a call which nobody waits for any more is free again', async () => {
        const [mine, theirs] = await named();
        for (let i = 0; i < 300; i++) {
          const controller = new AbortController();
          await theirs.acquire();
          const acquired = manager.with(mine, { signal: controller.signal }).acquire();
          const released = theirs.release();
          // Somewhere between the grant and the arrival of its answer.
          for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
          controller.abort();
          const had = await acquired.catch(() => false);
          await released;
          if (had) await mine.release();
          await untilState(manager, mine, ({ free }) => free === 1);
        }
        expect(await stateOf(manager, mine)).toMatchObject({ waiters: 0, running: 0, held: 0, owners: [] });
      });

      it('comes back when the session ends that has it, to those who wait first', async () => {
        const [mine, theirs] = await named(3);
        for (let i = 0; i < 3; i++) await theirs.acquire();
        const acquired = mine.acquire();
        await waiters(mine, 1);
        await other.close();
        expect(await acquired).toBe(true);
        await untilState(manager, mine, ({ free }) => free === 2);
        expect(await stateOf(manager, mine)).toMatchObject({ held: 1, owners: [{ application: 'test' }] });
      });

      it('that was given back does not come back once more with the session', async () => {
        const [mine, theirs] = await named(2);
        await theirs.acquire();
        await theirs.release();
        await theirs.acquire();
        await other.close();
        await untilState(manager, mine, ({ held }) => held === 0);
        expect(await mine.value()).toBe(2);
      });

      it('stays with its application when that gives its proxy back', async () => {
        const [mine, theirs] = await named();
        const second = other.dup(theirs);
        await second.acquire();
        await other.release(second);
        expect(await mine.acquire({ timeout: 20 })).toBe(false);
        await theirs.release();
        expect(await mine.acquire()).toBe(true);
      });

      it('is given back by any task of its application, its own first', async () => {
        const [mine] = await named(3);
        const tasks: unknown[] = [];
        const owners = async (): Promise<unknown[]> => {
          const { owners: all } = await stateOf(manager, mine);
          return (all as { task?: string }[]).map(({ task }) => task);
        };
        await mine.acquire();
        await manager.task(async () => {
          await mine.acquire();
          tasks.push(...(await owners()));
          await mine.acquire();
          await mine.release();
          expect(await owners()).toEqual([undefined, tasks[1]]);
          await mine.release();
          expect(await owners()).toEqual([undefined]);
          await mine.release();
          expect(await owners()).toEqual([]);
        });
        expect(typeof tasks[1]).toBe('string');
        expect(await mine.value()).toBe(3);
      });

      it('is not taken from the one that has it by a release of another application', async () => {
        const [mine, theirs] = await named();
        await theirs.acquire();
        await mine.release().catch(() => undefined);
        expect(await stateOf(manager, mine)).toMatchObject({ held: 1, owners: [{ application: 'other' }] });
      });
    });

    describe('runExclusive', () => {
      it('holds a permit while the function runs, and gives its result', async () => {
        const [mine] = await named(2);
        const fences: bigint[] = [];
        for (let i = 0; i < 2; i++) {
          const result = await mine.runExclusive(async ({ fence, signal }) => {
            fences.push(fence);
            expect(signal.aborted).toBe(false);
            return mine.value();
          });
          expect(result).toBe(1);
          expect(await mine.value()).toBe(2);
        }
        expect(fences[1]).toBeGreaterThan(fences[0] as bigint);
      });

      it('gives it back when the function throws', async () => {
        const [mine] = await named();
        const fail = async (): Promise<never> => {
          await mine.value();
          throw new RangeError('no');
        };
        expect(await failure(mine.runExclusive(fail))).toEqual(new RangeError('no'));
        expect(await mine.value()).toBe(1);
      });

      it('lets as many functions run at once as there are permits', async () => {
        const [mine, theirs] = await named(3);
        let running = 0;
        let most = 0;
        const run = (i: number): Promise<void> =>
          (i % 2 ? mine : theirs).runExclusive(async () => {
            most = Math.max(most, ++running);
            for (let n = 0; n < 5; n++) await mine.value();
            running--;
          });
        await Promise.all(Array.from({ length: 30 }, (_, i) => run(i)));
        expect(most).toBe(3);
        expect(await stateOf(manager, mine)).toMatchObject({ free: 3, held: 0, waiters: 0 });
      });

      it('may run within itself, with a permit each time', async () => {
        const [mine] = await named(2);
        await mine.runExclusive(() => mine.runExclusive(async () => expect(await mine.value()).toBe(0)));
        expect(await mine.value()).toBe(2);
      });

      it('gives the permit back although its proxy was given back meanwhile, or its signal has fired', async () => {
        const [mine] = await named();
        const controller = new AbortController();
        const second = manager.with(manager.dup(mine), { signal: controller.signal });
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
        expect(await mine.value()).toBe(1);
      });

      it('keeps its permit when the same task releases one that it acquired', async () => {
        const [mine] = await named(2);
        await mine.acquire();
        await manager.task(() =>
          mine.runExclusive(async () => {
            await mine.release();
            expect(await stateOf(manager, mine)).toMatchObject({ free: 1, held: 1 });
          }),
        );
        expect(await mine.value()).toBe(2);
      });

      it('tells the function by its signal that the permit is lost, and fails where it came to its end all the same', async () => {
        const [mine, theirs] = await named();
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
        expect(await mine.acquire()).toBe(true);
      });
    });

    it('tells the census who holds permits and who waits, and from where', async () => {
      const [mine, theirs] = await named();
      await manager.task(() => mine.acquire());
      const acquired = other.task(() => theirs.acquire());
      await waiters(mine, 1);
      const who = {
        session: expect.any(String),
        task: expect.any(String),
        since: expect.any(Number),
        line: expect.stringMatching(/semaphore\.suite\.ts:\d+:\d+$/),
      };
      expect(await stateOf(manager, mine)).toMatchObject({
        free: 0,
        held: 1,
        owners: [{ application: 'test', ...who, fence: expect.any(BigInt) }],
        waiters: 1,
        waiting: [{ application: 'other', ...who }],
      });
      await mine.release();
      await acquired;
    });
  });

  describe('the release of a semaphore', () => {
    it('adds a permit where the application holds none', async () => {
      const mine = await manager.named('signal').semaphore(0);
      const theirs = await other.named('signal').semaphore(0);
      const acquired = [mine.acquire(), mine.acquire()];
      await untilState(manager, mine, (state) => state['waiters'] === 2);
      await theirs.release();
      await theirs.release();
      expect(await Promise.all(acquired)).toEqual([true, true]);
      await theirs.release();
      expect(await mine.value()).toBe(1);
    });

    it('that runs in runExclusive, and finds no other permit, adds one', async () => {
      const semaphore = await manager.semaphore(1);
      await semaphore.runExclusive(() => semaphore.release());
      expect(await semaphore.value()).toBe(2);
    });

    it('gives back one permit, and takes no number of them', async () => {
      const semaphore = await manager.semaphore(1);
      const error = await failure(Reflect.apply(semaphore.release, semaphore, [5]));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe('release() gives back one permit and takes no argument, got 5.');
      expect(await semaphore.value()).toBe(1);
    });
  });

  describe('the release of a boundedSemaphore', () => {
    it('is refused above its bound', async () => {
      const semaphore = await manager.boundedSemaphore(2);
      const error = await failure(semaphore.release());
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(/would make 3 permits of the 2/);
      await semaphore.acquire();
      await semaphore.release();
      expect(await failure(semaphore.release())).toBeInstanceOf(RangeError);
      expect(await semaphore.value()).toBe(2);
    });

    it('counts those that others hold', async () => {
      const mine = await manager.named('bound').boundedSemaphore(1);
      const theirs = await other.named('bound').boundedSemaphore(1);
      await theirs.acquire();
      expect(await failure(mine.release())).toBeInstanceOf(RangeError);
      expect(await mine.value()).toBe(0);
      await theirs.release();
      expect(await mine.value()).toBe(1);
    });

    it('is refused in runExclusive, which gives its own back', async () => {
      const semaphore = await manager.boundedSemaphore(1);
      expect(await failure(semaphore.runExclusive(() => semaphore.release()))).toBeInstanceOf(RangeError);
      expect(await semaphore.value()).toBe(1);
    });

    it('of one with no permits is always refused', async () => {
      const semaphore = await manager.boundedSemaphore(0);
      expect(await failure(semaphore.release())).toBeInstanceOf(RangeError);
    });
  });
}
