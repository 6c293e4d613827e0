import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { BrokenBarrierError, CallAbortedError, CallTimeoutError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { BarrierOptions } from './client.js';
import type { Barrier } from './referent.js';

/** The classes of users that these tests need at their server. */
export const barrierSuiteTypes = visitorTypes;

/** What a barrier does, wherever its server and its applications are. */
export function barrierBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  type Both = [mine: SharedProxy<Barrier>, theirs: SharedProxy<Barrier>];
  const named = async (parties: number, options?: BarrierOptions): Promise<Both> => [
    await manager.named('barrier').barrier(parties, options),
    await other.named('barrier').barrier(parties, options),
  ];
  const waiters = (proxy: SharedProxy<Barrier>, count: number): Promise<void> =>
    untilState(manager, proxy, (state) => state['waiters'] === count);

  describe.each(ways)('a barrier, called by %s', (way) => {
    const made = async (parties: number): Promise<SharedProxy<Barrier>> =>
      by(way, manager, await manager.barrier(parties));

    it('lets all parties go on when the last has come, each with the place in which it came', async () => {
      const barrier = await made(3);
      expect(await barrier.parties()).toBe(3);
      const first = barrier.wait();
      const second = barrier.wait();
      expect(await barrier.nWaiting()).toBe(2);
      expect(await barrier.broken()).toBe(false);
      expect(await barrier.wait()).toBe(2);
      expect(await Promise.all([first, second])).toEqual([0, 1]);
      expect(await barrier.nWaiting()).toBe(0);
    });

    it('is passed at once by a party that is all of them', async () => {
      const barrier = await made(1);
      for (let i = 0; i < 3; i++) expect(await barrier.wait(0)).toBe(0);
    });

    it('is broken by abort() and as at first after reset()', async () => {
      const barrier = await made(2);
      expect(await barrier.abort()).toBeUndefined();
      expect(await barrier.broken()).toBe(true);
      expect(await failure(barrier.wait())).toBeInstanceOf(BrokenBarrierError);
      expect(await barrier.reset()).toBeUndefined();
      expect(await barrier.broken()).toBe(false);
      const first = barrier.wait();
      expect(await barrier.nWaiting()).toBe(1);
      expect(await barrier.wait()).toBe(1);
      expect(await first).toBe(0);
    });
  });

  it.each([
    ['no parties', [0], RangeError, /^The number of parties of a barrier is a whole number, 1 or more, got 0\.$/],
    ['fewer than none', [-1], RangeError, /, 1 or more, got -1\.$/],
    ['half a party', [1.5], RangeError, /, 1 or more, got 1\.5\.$/],
    ['parties that are no number', ['2'], TypeError, /^The number of parties of a barrier is a number, got '2'\.$/],
    ['nothing', [], TypeError, /is a number, got undefined\.$/],
    ['a timeout that is no number', [2, { timeout: '5' }], TypeError, /^barrier\(\) takes its timeout .*got '5'\.$/],
    ['an option that there is not', [2, { timeuot: 5 }], TypeError, /^barrier\(\) has no option 'timeuot'/],
    ['options that are none', [2, 5], TypeError, /^barrier\(\) takes its options in an object, got 5\.$/],
  ])('a barrier cannot be made with %s', async (_what, args, type, message) => {
    const error = await failure(manager.create('barrier', ...args));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });

  describe('the rounds of a barrier', () => {
    it('do not mix: a party that comes again at once waits in the next one', async () => {
      const [mine, theirs] = await named(3);
      const places: number[][] = [[], [], []];
      const party = async (which: number, barrier: SharedProxy<Barrier>): Promise<void> => {
        for (let round = 0; round < 30; round++) {
          places[which]?.push(await barrier.wait());
          expect(await barrier.nWaiting()).toBeLessThan(3);
        }
      };
      await Promise.all([party(0, mine), party(1, theirs), party(2, mine)]);
      for (let round = 0; round < 30; round++) {
        expect(places.map((of) => of[round]).toSorted((a = 0, b = 0) => a - b)).toEqual([0, 1, 2]);
      }
      expect(await stateOf(manager, mine)).toMatchObject({ waiters: 0, running: 0 });
    });

    it('are numbered by arrival', async () => {
      const [mine, theirs] = await named(4);
      const order: Promise<number>[] = [];
      for (const [i, one] of [theirs, mine, theirs].entries()) {
        order.push(one.wait());
        await waiters(mine, i + 1);
      }
      expect(await mine.wait()).toBe(3);
      expect(await Promise.all(order)).toEqual([0, 1, 2]);
    });
  });

  describe('a barrier is broken for all', () => {
    /** One waits here, and what it is told; `leave` makes another party leave. */
    const broken = async (barrier: SharedProxy<Barrier>, leave: () => Promise<unknown>): Promise<string> => {
      const first = failure(barrier.wait());
      await waiters(barrier, 1);
      await leave();
      const error = await first;
      expect(error).toBeInstanceOf(BrokenBarrierError);
      expect(await barrier.broken()).toBe(true);
      expect(await failure(barrier.wait())).toBeInstanceOf(BrokenBarrierError);
      await untilState(manager, barrier, (state) => state['waiters'] === 0 && state['running'] === 0);
      return error.message;
    };

    it('by a party that runs out of time, which is told the same', async () => {
      const [mine, theirs] = await named(3);
      const message = await broken(mine, async () => {
        const error = await failure(theirs.wait(20));
        expect(error).toBeInstanceOf(BrokenBarrierError);
        expect(error.message).toMatch(/its time was over before all parties were there/);
      });
      expect(message).toBe('wait() did not pass the barrier: a party ran out of time.');
    });

    it.each([0, -1])('by a party that comes with the timeout %s, unless it is the last', async (timeout) => {
      const [mine, theirs] = await named(3);
      await broken(mine, async () => expect(await failure(theirs.wait(timeout))).toBeInstanceOf(BrokenBarrierError));
      await mine.reset();
      const others = [mine.wait(), mine.wait()];
      await waiters(mine, 2);
      expect(await theirs.wait(timeout)).toBe(2);
      await Promise.all(others);
    });

    it('by the timeout that it was made with, where a party has none of its own', async () => {
      const barrier = await manager.barrier(2, { timeout: 20 });
      expect(await failure(barrier.wait())).toBeInstanceOf(BrokenBarrierError);
      await barrier.reset();
      const patient = barrier.wait(Infinity);
      await waiters(barrier, 1);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await barrier.wait()).toBe(1);
      expect(await patient).toBe(0);
    });

    it('by the signal of a party', async () => {
      const [mine, theirs] = await named(3);
      const message = await broken(mine, async () => {
        const controller = new AbortController();
        const second = failure(other.with(theirs, { signal: controller.signal }).wait());
        await waiters(mine, 2);
        controller.abort();
        expect(await second).toBeInstanceOf(CallAbortedError);
      });
      expect(message).toBe('wait() did not pass the barrier: a party of other left while it waited.');
    });

    it('by the timeout of the calls of a party', async () => {
      const [mine, theirs] = await named(3);
      await broken(mine, async () => {
        expect(await failure(other.with(theirs, { timeout: 20 }).wait())).toBeInstanceOf(CallTimeoutError);
      });
    });

    it('by a party that gives its proxy back', async () => {
      const [mine, theirs] = await named(3);
      await broken(mine, async () => {
        const second = other.dup(theirs);
        const waited = failure(second.wait());
        await waiters(mine, 2);
        await other.release(second);
        expect(await waited).toBeInstanceOf(CallAbortedError);
      });
    });

    it('by the end of the session of a party', async () => {
      const [mine, theirs] = await named(3);
      await broken(mine, async () => {
        const waited = failure(theirs.wait());
        await waiters(mine, 2);
        await other.close();
        await waited;
      });
    });

    it('by abort()', async () => {
      const [mine, theirs] = await named(3);
      const message = await broken(mine, () => theirs.abort());
      expect(message).toBe('wait() did not pass the barrier: abort() was called.');
    });

    it('but not by an application that ends while none of its parties waits', async () => {
      const [mine, theirs] = await named(2);
      const first = mine.wait();
      await waiters(mine, 1);
      expect(await theirs.wait()).toBe(1);
      await other.close();
      expect(await first).toBe(0);
      expect(await mine.broken()).toBe(false);
    });
  });

  it('the reset of a barrier sends away those who wait, and makes it usable', async () => {
    const [mine, theirs] = await named(2);
    const first = failure(mine.wait());
    await waiters(mine, 1);
    await theirs.reset();
    const error = await first;
    expect(error).toBeInstanceOf(BrokenBarrierError);
    expect(error.message).toMatch(/reset\(\) was called/);
    expect(await mine.broken()).toBe(false);
    const again = mine.wait();
    await waiters(mine, 1);
    expect(await theirs.wait()).toBe(1);
    expect(await again).toBe(0);
  });

  it('a barrier is not broken by a timeout that is none', async () => {
    const [mine] = await named(2);
    const error = await failure(mine.wait('5' as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^wait\(\) takes its timeout as a number of ms, got '5'/);
    expect(await failure(mine.wait(NaN))).toBeInstanceOf(TypeError);
    expect(await mine.broken()).toBe(false);
  });

  it('the census tells who waits at a barrier, and why it is broken', async () => {
    const [mine, theirs] = await named(2);
    const waited = failure(other.task(() => theirs.wait()));
    await waiters(mine, 1);
    const { broken, ...state } = await stateOf(manager, mine);
    expect(broken).toBeUndefined();
    expect(state).toMatchObject({
      parties: 2,
      waiters: 1,
      waiting: [
        { application: 'other', session: expect.any(String), task: expect.any(String), since: expect.any(Number) },
      ],
    });
    await mine.abort();
    await waited;
    expect(await stateOf(manager, mine)).toMatchObject({ broken: 'abort() was called', waiters: 0, waiting: [] });
  });
}
