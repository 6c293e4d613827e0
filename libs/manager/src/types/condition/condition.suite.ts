import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure } from '../../client/house.suite.js';
import { SharedType, type SharedProxy } from '../../definition/index.js';
import { CallAbortedError, CallTimeoutError, NoTaskError, StateError } from '../../protocol/index.js';
import type { List } from '../list/referent.js';
import type { Lock } from '../lock/referent.js';
import type { Manager } from '../index.js';
import type { RLock } from '../rlock/referent.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Condition } from './referent.js';

/** Hosted code that waits for what others bring. */
@SharedType({ typeid: 'suite.Kitchen', waits: ['take'] })
class Kitchen {
  take(condition: SharedProxy<Condition>, shelf: SharedProxy<List<string>>): Promise<string | undefined> {
    return condition.runExclusive(async () => {
      await condition.waitFor(async () => (await shelf.length()) > 0);
      return shelf.shift();
    });
  }

  /** In the task of its caller, where there is one. */
  async expect(condition: SharedProxy<Condition>): Promise<boolean> {
    await condition.acquire();
    try {
      return await condition.waitFor(() => true);
    } finally {
      await condition.release();
    }
  }
}

/** The classes of users that these tests need at their server. */
export const conditionSuiteTypes = [...visitorTypes, Kitchen];

const locks = ['a lock of its own', 'a lock', 'an rlock'] as const;

/** What a condition does, wherever its server and its applications are. */
export function conditionBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  type Proxy = SharedProxy<Condition>;
  const waiters = (condition: Proxy, count: number): Promise<void> =>
    untilState(manager, condition, (state) => state['waiters'] === count);
  /** Those in line for its lock. */
  const queued = (condition: Proxy, count: number): Promise<void> =>
    untilState(manager, condition, ({ lock }) => (lock as { waiters: number }).waiters === count);
  const lockOf = async (condition: Proxy): Promise<Record<string, unknown>> =>
    (await stateOf(manager, condition))['lock'] as Record<string, unknown>;
  const left = async (condition: Proxy): Promise<void> => {
    await untilState(manager, condition, (state) => state['waiters'] === 0 && state['running'] === 0);
    expect(await lockOf(condition)).toEqual({ waiters: 0, waiting: [] });
  };
  /** In a task of its own: waits, then says what it was told and what it could see of the lock. */
  const waiting = (by_: Manager, condition: Proxy, timeout?: number, log?: (what: string) => void): Promise<boolean> =>
    by_.task(() =>
      condition.runExclusive(async () => {
        const notified = await condition.wait(timeout);
        log?.(String(notified));
        return notified;
      }),
    );
  const notifying = (condition: Proxy, n?: number): Promise<void> => condition.runExclusive(() => condition.notify(n));

  describe.each(locks)('a condition over %s', (which) => {
    const lockFor = async (of: Manager): Promise<SharedProxy<Lock> | SharedProxy<RLock> | undefined> =>
      which === 'a lock of its own'
        ? undefined
        : which === 'a lock'
          ? of.named('guard').lock()
          : of.named('guard').rlock();
    const named = async (name = 'condition'): Promise<[mine: Proxy, theirs: Proxy]> => [
      await manager.named(name).condition(await lockFor(manager)),
      await other.named(name).condition(await lockFor(other)),
    ];

    it('is held by who acquires it until it is released', async () => {
      const [mine, theirs] = await named();
      await manager.task(async () => {
        expect(await mine.locked()).toBe(false);
        expect(await mine.acquire()).toBe(true);
        expect(await theirs.locked()).toBe(true);
        expect(typeof (await mine.fence())).toBe('bigint');
        expect(await theirs.fence()).toBeUndefined();
        await other.task(async () => {
          expect(await theirs.acquire({ blocking: false })).toBe(false);
          expect(await theirs.acquire({ timeout: 0 })).toBe(false);
          expect(await theirs.acquire({ timeout: 20 })).toBe(false);
          expect(await failure(theirs.acquire({ timeout: -2 }))).toBeInstanceOf(RangeError);
        });
        expect(await mine.release()).toBeUndefined();
        expect(await mine.locked()).toBe(false);
        expect(await mine.fence()).toBeUndefined();
      });
    });

    it('gives the lock up while one waits, and back with the answer', async () => {
      const [mine, theirs] = await named();
      const done = manager.task(async () => {
        await mine.acquire();
        const before = (await mine.fence()) as bigint;
        expect(await mine.wait()).toBe(true);
        expect(await mine.fence()).toBeGreaterThan(before);
        await mine.release();
      });
      await waiters(mine, 1);
      await other.task(async () => {
        expect(await theirs.acquire({ blocking: false })).toBe(true);
        expect(await theirs.notify()).toBeUndefined();
        await queued(mine, 1);
        await theirs.release();
      });
      await done;
      await left(mine);
    });

    it.each([0, -5, 20])('answers false after the timeout %s, with the lock held', async (timeout) => {
      const [mine] = await named();
      await manager.task(async () => {
        await mine.acquire();
        expect(await mine.wait(timeout)).toBe(false);
        expect(typeof (await mine.fence())).toBe('bigint');
        await mine.release();
      });
      await left(mine);
    });

    it('lets those go before who wait for the lock, even without a wait', async () => {
      const [mine, theirs] = await named();
      const order: string[] = [];
      const begun = deferred();
      const first = manager.task(() =>
        mine.runExclusive(async () => {
          begun.resolve();
          await queued(mine, 1);
          expect(await mine.wait(0)).toBe(false);
          order.push('mine');
        }),
      );
      await begun.promise;
      await theirs.runExclusive(() => order.push('theirs'));
      await first;
      expect(order).toEqual(['theirs', 'mine']);
    });

    it('has the timeout end the wait for the notification, not the one for the lock', async () => {
      const [mine, theirs] = await named();
      const begun = deferred();
      let over = false;
      const waited = manager.task(() =>
        mine.runExclusive(async () => {
          begun.resolve();
          await queued(mine, 1);
          const notified = await mine.wait(20);
          over = true;
          return notified;
        }),
      );
      await begun.promise;
      await theirs.runExclusive(async () => {
        await queued(mine, 1);
        await waiters(mine, 0);
        expect(over).toBe(false);
      });
      expect(await waited).toBe(false);
      await left(mine);
    });

    it('wakes those who have waited longest, as many as it is told', async () => {
      const [mine, theirs] = await named();
      const woken: string[] = [];
      const all: Promise<unknown>[] = [];
      for (const [i, one] of [mine, theirs, mine, theirs, mine].entries()) {
        all.push(waiting(one === mine ? manager : other, one, undefined, () => woken.push(String(i))));
        await waiters(mine, i + 1);
      }
      await notifying(mine, 0);
      await waiters(mine, 5);
      await notifying(theirs);
      await all[0];
      await waiters(mine, 4);
      await notifying(mine, 2);
      await Promise.all(all.slice(0, 3));
      await waiters(mine, 2);
      await notifying(mine, 9);
      await Promise.all(all);
      expect(woken).toEqual(['0', '1', '2', '3', '4']);
      await left(mine);
    });

    it('wakes all by notifyAll(), one after the other', async () => {
      const [mine, theirs] = await named();
      let inside = 0;
      const all = Array.from({ length: 10 }, (_, i) => {
        const [of, one] = i % 2 ? [manager, mine] : [other, theirs];
        return of.task(() =>
          one.runExclusive(async () => {
            expect(await one.wait()).toBe(true);
            expect(++inside).toBe(1);
            await one.locked();
            inside--;
          }),
        );
      });
      await waiters(mine, 10);
      expect(await mine.runExclusive(() => mine.notifyAll())).toBeUndefined();
      await Promise.all(all);
      await left(mine);
    });

    it('forgets a notification that nobody waits for', async () => {
      const [mine] = await named();
      await notifying(mine);
      await mine.runExclusive(() => mine.notifyAll());
      expect(await waiting(manager, mine, 20)).toBe(false);
    });

    it.each(['wait', 'notify', 'notifyAll'] as const)('needs the lock to be held for %s()', async (member) => {
      const [mine, theirs] = await named();
      const free = await failure(manager.task(() => mine[member]()));
      expect(free).toBeInstanceOf(StateError);
      expect(free.message).toMatch(new RegExp(`^${member}\\(\\) of condition #\\d+ .*needs the lock.*nobody holds it`));
      await other.task(async () => {
        await theirs.acquire();
        const foreign = await failure(manager.task(() => mine[member]()));
        expect(foreign).toBeInstanceOf(StateError);
        expect(foreign.message).toMatch(/other .*holds it/);
        await theirs.release();
      });
      await left(mine);
    });

    it('needs the lock to be held for release()', async () => {
      const [mine, theirs] = await named();
      expect(await failure(manager.task(() => mine.release()))).toBeInstanceOf(StateError);
      await other.task(async () => {
        await theirs.acquire();
        expect(await failure(manager.task(() => mine.release()))).toBeInstanceOf(StateError);
        await theirs.release();
      });
    });

    it.each(['acquire', 'release', 'wait', 'notify', 'notifyAll', 'waitFor'] as const)(
      'needs a task for %s(), and sends nothing without one',
      async (member) => {
        const [mine] = await named();
        const call = (): Promise<unknown> => (member === 'waitFor' ? mine.waitFor(() => true) : mine[member]());
        const error = await failure(call());
        expect(error).toBeInstanceOf(NoTaskError);
        expect(error.message).toMatch(
          new RegExp(`^${member}\\(\\) of a condition .*runExclusive\\(fn\\).*manager\\.task`),
        );
        expect(error['fate']).toBe('not-executed');
        await left(mine);
      },
    );

    describe('waitFor()', () => {
      it('asks until it is true, each time with the lock, and gives what it was told', async () => {
        const [mine, theirs] = await named();
        let asked = 0;
        const found = manager.task(() =>
          mine.runExclusive(() =>
            mine.waitFor(async () => {
              asked++;
              expect(typeof (await mine.fence())).toBe('bigint');
              return asked === 3 && { asked };
            }),
          ),
        );
        for (let i = 1; i < 3; i++) {
          await waiters(mine, 1);
          expect(asked).toBe(i);
          await notifying(theirs);
        }
        expect(await found).toEqual({ asked: 3 });
        await left(mine);
      });

      it('does not wait where it is true already', async () => {
        const [mine] = await named();
        expect(await manager.task(() => mine.waitFor(() => 'yes'))).toBe('yes');
        expect(await mine.runExclusive(() => mine.waitFor(() => 7, 0))).toBe(7);
      });

      it.each([0, -1])('with the timeout %s asks once, and does not wait', async (timeout) => {
        const [mine] = await named();
        let asked = 0;
        expect(
          await mine.runExclusive(() =>
            mine.waitFor(() => {
              asked++;
              return 0;
            }, timeout),
          ),
        ).toBe(0);
        expect(asked).toBe(1);
      });

      it('asks once more when its time is over', async () => {
        const [mine] = await named();
        const answers = [false, null, ''];
        const last = await mine.runExclusive(() => mine.waitFor(() => answers.shift(), 20));
        expect(last).toBeNull();
        expect(answers).toEqual(['']);
        await left(mine);
      });

      it('may find it true when its time is over', async () => {
        const [mine] = await named();
        let asked = 0;
        expect(await mine.runExclusive(() => mine.waitFor(() => ++asked === 2, 20))).toBe(true);
      });

      it('has one time for all of its waits', async () => {
        const [mine, theirs] = await named();
        const since = performance.now();
        const found = manager.task(() => mine.runExclusive(() => mine.waitFor(() => false, 120)));
        let over = false;
        void found.then(() => (over = true));
        while (!over) {
          await notifying(theirs);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(await found).toBe(false);
        expect(performance.now() - since).toBeGreaterThan(100);
      });

      it('fails with what the predicate throws, while the lock is held', async () => {
        const [mine] = await named();
        await manager.task(async () => {
          await mine.acquire();
          const predicate = (): never => {
            throw new RangeError('odd');
          };
          expect(await failure(mine.waitFor(predicate))).toEqual(new RangeError('odd'));
          expect(typeof (await mine.fence())).toBe('bigint');
          await mine.release();
        });
      });

      it('refuses what is no predicate, and a timeout that is no number', async () => {
        const [mine] = await named();
        await manager.task(async () => {
          expect((await failure(mine.waitFor(5 as never))).message).toMatch(/takes a function, the predicate, got 5/);
          expect((await failure(mine.waitFor(() => true, '5' as never))).message).toMatch(/number of ms, got '5'/);
        });
      });

      it('needs the lock once it has to wait', async () => {
        const [mine] = await named();
        expect(await failure(manager.task(() => mine.waitFor(() => false)))).toBeInstanceOf(StateError);
      });
    });

    describe('a wait', () => {
      it('that is ended by its signal leaves nothing, and the lock to others', async () => {
        const [mine, theirs] = await named();
        const controller = new AbortController();
        const ran = failure(mine.runExclusive(() => manager.with(mine, { signal: controller.signal }).wait()));
        await waiters(mine, 1);
        controller.abort(new Error('enough'));
        const error = await ran;
        expect(error).toBeInstanceOf(CallAbortedError);
        expect(error.cause).toEqual(new Error('enough'));
        await left(mine);
        expect(await waiting(other, theirs, 0)).toBe(false);
      });

      it('that is ended while it waits for the lock leaves nothing, and its notification to the next', async () => {
        const [mine, theirs] = await named();
        const controller = new AbortController();
        const ran = failure(mine.runExclusive(() => manager.with(mine, { signal: controller.signal }).wait()));
        await waiters(mine, 1);
        const next = waiting(manager, mine);
        await waiters(mine, 2);
        await other.task(async () => {
          await theirs.acquire();
          await theirs.notify();
          await waiters(mine, 1);
          controller.abort();
          expect(await ran).toBeInstanceOf(CallAbortedError);
          await waiters(mine, 0);
          await theirs.release();
        });
        expect(await next).toBe(true);
        await left(mine);
      });

      it('ends with the timeout of its calls', async () => {
        const [mine] = await named();
        const error = await failure(mine.runExclusive(() => manager.with(mine, { timeout: 20 }).wait()));
        expect(error).toBeInstanceOf(CallTimeoutError);
        await left(mine);
      });

      it('ends with the release of its proxy, and of no other proxy', async () => {
        const [mine, theirs] = await named();
        const second = manager.dup(mine);
        const ran = failure(second.runExclusive(() => second.wait()));
        const stays = waiting(manager, mine);
        await waiters(mine, 2);
        await manager.release(second);
        expect(await ran).toBeInstanceOf(CallAbortedError);
        await waiters(mine, 1);
        await notifying(theirs);
        expect(await stays).toBe(true);
        await left(mine);
      });

      it('ends with its session', async () => {
        const [mine, theirs] = await named();
        const ran = waiting(other, theirs).catch(() => undefined);
        await waiters(mine, 1);
        await other.close();
        await ran;
        await left(mine);
      });

      it('that was notified, and its session ends, leaves its notification to the next', async () => {
        const [mine, theirs] = await named();
        const ran = waiting(other, theirs).catch(() => undefined);
        await waiters(mine, 1);
        const next = waiting(manager, mine);
        await waiters(mine, 2);
        await mine.runExclusive(async () => {
          await mine.notify();
          await queued(mine, 1);
          await other.close();
          await waiters(mine, 0);
        });
        await ran;
        expect(await next).toBe(true);
        await left(mine);
      });

      it('whose answer reaches nobody who still waits keeps neither the lock nor the notification', async () => {
        const [mine, theirs] = await named();
        for (let i = 0; i < 60; i++) {
          const controller = new AbortController();
          const first = mine
            .runExclusive(() => manager.with(mine, { signal: controller.signal }).wait())
            .catch(() => false);
          await waiters(mine, 1);
          const second = waiting(other, theirs, 10_000);
          await waiters(mine, 2);
          const notified = notifying(mine);
          for (let turn = 0; turn < i % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
          controller.abort();
          // Who of the two it was does not matter, but one of them is told.
          if (await first) await notifying(mine);
          expect(await second).toBe(true);
          await notified;
        }
        await left(mine);
      });
    });

    it('passes to the next in line when the session ends that has the lock', async () => {
      const [mine, theirs] = await named();
      await other.task(() => theirs.acquire());
      const acquired = manager.task(() => mine.acquire());
      await queued(mine, 1);
      await other.close();
      expect(await acquired).toBe(true);
    });

    it('runs a function while it has the lock, and releases it whatever happens', async () => {
      const [mine, theirs] = await named();
      expect(
        await mine.runExclusive(async ({ fence, signal }) => {
          expect(await mine.fence()).toBe(fence);
          expect(signal.aborted).toBe(false);
          expect(await other.task(() => theirs.acquire({ blocking: false }))).toBe(false);
          return 'done';
        }),
      ).toBe('done');
      const fail = (): Promise<never> => Promise.reject(new RangeError('no'));
      expect(await failure(mine.runExclusive(fail))).toEqual(new RangeError('no'));
      await left(mine);
    });

    it('says in runExclusive() that the lock was lost in a wait that failed, where the function went on', async () => {
      const [mine] = await named();
      const controller = new AbortController();
      const ran = failure(
        mine.runExclusive(() =>
          manager
            .with(mine, { signal: controller.signal })
            .wait()
            .catch(() => 'went on'),
        ),
      );
      await waiters(mine, 1);
      controller.abort();
      expect(await ran).toBeInstanceOf(StateError);
      await left(mine);
    });

    it('tells the census who waits, and from where', async () => {
      const [mine, theirs] = await named();
      const ran = waiting(other, theirs);
      await waiters(mine, 1);
      await mine.runExclusive(async () => {
        const state = await stateOf(manager, mine);
        expect(state).toMatchObject({
          lock: { owner: { application: 'test', depth: 1 }, waiters: 0 },
          waiting: [
            {
              application: 'other',
              session: expect.any(String),
              task: expect.any(String),
              since: expect.any(Number),
              line: expect.stringMatching(/condition\.suite\.ts:\d+:\d+$/),
            },
          ],
        });
        await mine.notify();
      });
      await ran;
    });
  });

  describe.each(['a lock of its own', 'an rlock'] as const)('a condition over %s', (which) => {
    it('gives it up however often it was acquired, and takes it up as it was', async () => {
      const mine = await manager.condition(which === 'an rlock' ? await manager.rlock() : undefined);
      const done = manager.task(async () => {
        for (let i = 0; i < 3; i++) await mine.acquire();
        expect(await mine.wait()).toBe(true);
        expect(await lockOf(mine)).toMatchObject({ owner: { depth: 3 } });
        expect(await mine.wait(10)).toBe(false);
        for (let i = 0; i < 3; i++) await mine.release();
        expect(await mine.locked()).toBe(false);
      });
      await waiters(mine, 1);
      await notifying(mine);
      await done;
    });

    it('is released by its task alone', async () => {
      const mine = await manager.condition(which === 'an rlock' ? await manager.rlock() : undefined);
      await manager.task(async () => {
        await mine.acquire();
        const error = await failure(manager.task(() => mine.notify()));
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toMatch(/another task holds it/);
        await mine.release();
      });
    });

    it('has a wait that fails within several runExclusive() fail all of them, and leave nothing', async () => {
      const mine = await manager.condition(which === 'an rlock' ? await manager.rlock() : undefined);
      const controller = new AbortController();
      const ran = failure(
        mine.runExclusive(() =>
          mine.runExclusive(() => mine.runExclusive(() => manager.with(mine, { signal: controller.signal }).wait())),
        ),
      );
      await waiters(mine, 1);
      controller.abort();
      expect(await ran).toBeInstanceOf(CallAbortedError);
      await left(mine);
    });
  });

  describe('conditions over one lock', () => {
    it.each(['lock', 'rlock'] as const)('(%s) are notified each for itself, and exclude each other', async (kind) => {
      const lock = await manager[kind]();
      const full = await manager.condition(lock);
      const empty = await manager.condition(lock);
      const first = waiting(manager, full);
      const second = waiting(manager, empty);
      await Promise.all([waiters(full, 1), waiters(empty, 1)]);
      await manager.task(() =>
        lock.runExclusive(async () => {
          await empty.notify();
          await waiters(empty, 0);
          await waiters(full, 1);
          expect(await manager.task(() => full.acquire({ blocking: false }))).toBe(false);
        }),
      );
      expect(await second).toBe(true);
      await notifying(full);
      expect(await first).toBe(true);
      expect(await lock.locked()).toBe(false);
    });

    it('keep it when its own proxy is given back', async () => {
      const lock = await manager.lock();
      const condition = await manager.condition(lock);
      await manager.release(lock);
      expect(await waiting(manager, condition, 0)).toBe(false);
      expect(await manager.numberOfObjects()).toBe(2);
      await manager.release(condition);
      while ((await manager.numberOfObjects()) > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    });

    it('are refused for anything else', async () => {
      const coin = await manager.create(Coin);
      for (const wrong of [5, 'lock', {}, [], coin, await manager.event()]) {
        const error = await failure(manager.create('condition', wrong));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/^A condition takes the proxy of a lock or an rlock, got /);
      }
    });

    it.each([
      [-1, RangeError, /whole number, 0 or more, got -1/],
      [0.5, RangeError, /whole number, 0 or more, got 0\.5/],
      [NaN, TypeError, /is a number, got NaN/],
      ['1', TypeError, /is a number, got '1'/],
    ])('wake no %p', async (n, type, message) => {
      const condition = await manager.condition(await manager.lock());
      const error = await failure(notifying(condition, n as never));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
    });

    it('do not give their lock up for a timeout that is none', async () => {
      const condition = await manager.condition();
      await manager.task(async () => {
        await condition.acquire();
        expect(await failure(condition.wait('5' as never))).toBeInstanceOf(TypeError);
        expect(typeof (await condition.fence())).toBe('bigint');
      });
    });
  });

  describe.each(ways)('a condition, called by %s', (way) => {
    it('waits and is notified', async () => {
      const condition = await manager.condition();
      const mine = await by(way, manager, condition);
      const tried = deferred();
      const notified = manager.task(async () => {
        await mine.acquire();
        expect(await mine.wait(10)).toBe(false);
        tried.resolve();
        const answer = await mine.wait();
        await mine.release();
        return answer;
      });
      await tried.promise;
      await waiters(condition, 1);
      await manager.task(async () => {
        expect(await mine.acquire()).toBe(true);
        expect(await mine.locked()).toBe(true);
        await mine.notifyAll();
        await mine.release();
      });
      expect(await notified).toBe(true);
      await left(condition);
    });
  });

  it('hosted code waits with a condition for the application whose call it runs', async () => {
    const kitchen = await manager.create(Kitchen);
    const condition = await manager.condition();
    const shelf = await manager.list<string>();
    const taken = kitchen.take(condition, shelf);
    await waiters(condition, 1);
    expect(await stateOf(manager, condition)).toMatchObject({ waiting: [{ application: 'test' }] });
    await condition.runExclusive(async () => {
      await shelf.push('soup');
      await condition.notify();
    });
    expect(await taken).toBe('soup');
    expect(await manager.task(() => kitchen.expect(condition))).toBe(true);
    expect(await failure(kitchen.expect(condition))).toBeInstanceOf(NoTaskError);
    const second = manager.dup(kitchen);
    const ended = failure(second.take(condition, shelf));
    await waiters(condition, 1);
    await manager.release(second);
    expect(await ended).toBeInstanceOf(CallAbortedError);
    await left(condition);
  });
}
