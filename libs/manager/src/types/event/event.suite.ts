import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { CallAbortedError, CallTimeoutError, ManagerClosedError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { SharedEvent } from './referent.js';

/** The classes of users that these tests need at their server. */
export const eventSuiteTypes = visitorTypes;

/** What an `event` does, wherever its server and its applications are. */
export function eventBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  let event: SharedProxy<SharedEvent>;
  let theirs: SharedProxy<SharedEvent>;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
    event = await manager.named('event').event();
    theirs = await other.named('event').event();
  });
  afterEach(() => bench.close());

  const untilWaiting = (count: number): Promise<void> =>
    untilState(manager, event, ({ waiting, running }) => waiting === count && (count > 0 || running === 0));

  describe.each(ways)('an event, called by %s', (way) => {
    let mine: SharedProxy<SharedEvent>;
    beforeEach(async () => {
      mine = await by(way, manager, event);
    });

    it('is down at first, up when it is set, and down when it is cleared', async () => {
      expect(await mine.isSet()).toBe(false);
      expect(await mine.set()).toBeUndefined();
      expect(await mine.isSet()).toBe(true);
      await mine.set();
      expect(await theirs.isSet()).toBe(true);
      expect(await mine.clear()).toBeUndefined();
      await mine.clear();
      expect(await theirs.isSet()).toBe(false);
    });

    it.each([undefined, 1000, 0, -5, Infinity])(
      'is not waited for where it is up, with the timeout %p',
      async (timeout) => {
        await mine.set();
        expect(await mine.wait(timeout)).toBe(true);
      },
    );

    it.each([0, -0, -1, -Infinity])('is not waited for with the timeout %p', async (timeout) => {
      expect(await mine.wait(timeout)).toBe(false);
    });

    it('is waited for no longer than the timeout', async () => {
      const since = performance.now();
      expect(await mine.wait(30)).toBe(false);
      expect(performance.now() - since).toBeGreaterThan(28);
      expect(await stateOf(manager, event)).toEqual({ set: false, waiting: 0, running: 0 });
    });

    it.each([undefined, null, Infinity, 2 ** 40, 60_000])('wakes who waits with the timeout %p', async (timeout) => {
      const waiting = mine.wait(timeout as number);
      await untilWaiting(1);
      await theirs.set();
      expect(await waiting).toBe(true);
      await untilWaiting(0);
    });

    it.each([NaN, '10', 10n, true, {}, []])('takes no timeout %p', async (timeout: unknown) => {
      const error = await failure(mine.wait(timeout as number));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^wait\(\) takes its timeout as a number of ms, got /);
      expect(await stateOf(manager, event)).toEqual({ set: false, waiting: 0, running: 0 });
    });
  });

  describe('an event', () => {
    it('wakes all who wait, in the order in which they came', async () => {
      const woken: number[] = [];
      const waiting = Array.from({ length: 20 }, async (_, index) => {
        expect(await event.wait(index % 2 ? 60_000 : undefined)).toBe(true);
        woken.push(index);
      });
      await untilWaiting(20);
      await theirs.set();
      await Promise.all(waiting);
      expect(woken).toEqual(Array.from({ length: 20 }, (_, index) => index));
      await untilWaiting(0);
    });

    it('has woken who waited, though it is cleared at once', async () => {
      const waiting = [event.wait(), event.wait(60_000)];
      await untilWaiting(2);
      await Promise.all([theirs.set(), theirs.clear()]);
      expect(await Promise.all(waiting)).toEqual([true, true]);
      expect(await event.wait(5)).toBe(false);
    });

    it('holds up neither other calls to it nor other calls of the application', async () => {
      const waiting = event.wait();
      expect(await event.isSet()).toBe(false);
      expect(await (await manager.value(1)).get()).toBe(1);
      await event.set();
      expect(await waiting).toBe(true);
    });

    it('is left by a wait whose signal fires, and by no other', async () => {
      const stop = new AbortController();
      const ended = failure(manager.with(event, { signal: stop.signal }).wait());
      const waiting = event.wait();
      await untilWaiting(2);
      stop.abort(new Error('enough'));
      const error = await ended;
      expect(error).toBeInstanceOf(CallAbortedError);
      expect(error.cause).toMatchObject({ message: 'enough' });
      await untilWaiting(1);
      await theirs.set();
      expect(await waiting).toBe(true);
    });

    it('is not waited for by a call whose signal has fired', async () => {
      const error = await failure(manager.with(event, { signal: AbortSignal.abort() }).wait());
      expect(error).toBeInstanceOf(CallAbortedError);
      await untilWaiting(0);
    });

    it('is left by a wait whose call runs out of time', async () => {
      expect(await failure(manager.with(event, { timeout: 20 }).wait())).toBeInstanceOf(CallTimeoutError);
      await untilWaiting(0);
    });

    it('is left by the waits of a proxy that is released', async () => {
      const handle = manager.dup(event);
      const ended = [failure(handle.wait()), failure(handle.wait(60_000))];
      const waiting = event.wait();
      await untilWaiting(3);
      await manager.release(handle);
      for (const error of await Promise.all(ended)) expect(error).toBeInstanceOf(CallAbortedError);
      await untilWaiting(1);
      await event.set();
      expect(await waiting).toBe(true);
    });

    it('is left by the waits of an application that closes', async () => {
      const ended = [failure(theirs.wait()), failure(theirs.wait(60_000))];
      await untilWaiting(2);
      await other.close();
      for (const error of await Promise.all(ended)) expect(error).toBeInstanceOf(ManagerClosedError);
      await untilWaiting(0);
      await event.set();
      expect(await event.wait()).toBe(true);
    });

    it('is freed when nobody holds it and nobody waits', async () => {
      const own = await manager.event();
      const objects = await manager.numberOfObjects();
      const waiting = failure(own.wait());
      await manager.release(own);
      await waiting;
      while ((await manager.numberOfObjects()) !== objects - 1) await new Promise((resolve) => setTimeout(resolve, 1));
    });
  });
}
