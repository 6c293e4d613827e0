import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { SharedError, SharedType, type AnyProxy, type SharedProxy } from '../../definition/index.js';
import { CallTimeoutError, ConfigurationError, EncodingError, RemoteError, StateError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilState } from '../support/state.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Pool } from './referent.js';

/** Gives numbers for as long as somebody asks. */
@SharedType({ typeid: 'suite.Numbers' })
export class Numbers {
  #given = 0;

  *all(): Generator<number> {
    for (;;) yield ++this.#given;
  }

  given(): number {
    return this.#given;
  }
}

@SharedError('pool.NoStockError')
class NoStockError extends Error {
  declare readonly left: number;
}

/** The classes of users that these tests need at their server. */
export const poolSuiteTypes = [...visitorTypes, Numbers];

/** The module of the tasks, at a server that runs in this repository. */
export const TASKS = new URL('./fixtures/tasks.mjs', import.meta.url);
export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What a `pool` does, wherever its server and its applications are. */
export function poolBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  let pool: SharedProxy<Pool>;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
    pool = await manager.named('pool').pool(2, { tasks: TASKS });
  });
  afterEach(() => bench.close());

  describe.each(ways)('a pool, called by %s', (way) => {
    let mine: SharedProxy<Pool>;
    beforeEach(async () => {
      mine = await by(way, manager, pool);
    });

    it('runs a task with its arguments', async () => {
      expect(await mine.apply('add', [1, 2])).toBe(3);
      expect(await mine.apply('echo')).toEqual([]);
      expect(await mine.apply('default', ['you'])).toBe('hello you');
      expect(await mine.apply('after', [1, undefined])).toBeUndefined();
    });

    it('carries what calls carry, there and back', async () => {
      const values = [
        -0,
        10n,
        null,
        undefined,
        '\ud800',
        new Date(5),
        /x/g,
        new Map<unknown, unknown>([[{ a: 1 }, new Set([2])]]),
        new Uint16Array([1, 2]),
        Buffer.from('bytes'),
        { nested: [{ deep: true }] },
      ];
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      const [echoed] = (await mine.apply('echo', [values])) as unknown[][];
      expect(echoed).toEqual(values);
      expect(Object.is(echoed?.[0], -0)).toBe(true);
      const [back] = (await mine.apply('echo', [cycle])) as [typeof cycle];
      expect(back.self).toBe(back);
    });

    it('maps, in the order of the items', async () => {
      expect(await mine.map('afterOwn', [20, 1, 5])).toEqual([20, 1, 5]);
      expect(await mine.map('square', new Set(range(100)))).toEqual(range(100).map((n) => n * n));
      expect(await mine.map('square', [])).toEqual([]);
      expect(await mine.starmap('add', [[1, 2], [3, 4]], { chunkSize: 5 })).toEqual([3, 7]); // prettier-ignore
    });

    it('fails a map with the first error in the order of the items, when all have run', async () => {
      const error = await failure(mine.map('odd', [1, 3, 4, 6, 5]));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('4 is even');
    });

    it('gives results of work that nobody waits for, as often as they are asked for', async () => {
      const applied = await mine.applyAsync('after', [10, { a: 1 }]);
      expect(await applied.get()).toEqual({ a: 1 });
      expect(await applied.get(0)).toEqual({ a: 1 });
      expect(await applied.successful()).toBe(true);
      expect(await (await mine.mapAsync('square', [1, 2, 3])).get()).toEqual([1, 4, 9]);
      expect(await (await mine.starmapAsync('add', [[1, 2]])).get()).toEqual([3]);
      const failed = await mine.applyAsync('odd', [2]);
      expect(await failed.wait()).toBeUndefined();
      expect(await failed.successful()).toBe(false);
      expect((await failure(failed.get())).message).toBe('2 is even');
      await Promise.all([applied, failed].map((result) => manager.release(result)));
    });

    it('has the class of an error that is built in', async () => {
      const error = await failure(mine.apply('fail', ['range']));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe('too far');
      expect(error['remoteStack']).toContain('tasks.mjs');
    });

    it('says which tasks there are', async () => {
      for (const name of ['nope', 'version', 'Sum', 'toString', '__proto__', 'constructor']) {
        const error = await failure(mine.apply(name));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toMatch(/the pool has no task '.*'\. Its module exports: add, after, .*, tick, ticked\./);
      }
      expect(await failure(mine.map(7 as never, []))).toBeInstanceOf(TypeError);
    });

    it('takes no arguments, items and options of other kinds', async () => {
      const wrong = [
        ['apply', 7],
        ['apply', 'text'],
        ['applyAsync', {}],
        ['map', 7],
        ['map', { a: 1 }],
        ['starmap', [1]],
        ['imap', 7],
      ] as const;
      for (const [member, items] of wrong) {
        const error = await failure(mine[member]('echo', items as never) as Promise<unknown>);
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(new RegExp(`^${member}\\(\\) takes `));
      }
      for (const chunkSize of [0, 1.5]) {
        expect(await failure(mine.map('echo', [1], { chunkSize }))).toBeInstanceOf(RangeError);
      }
    });
  });

  describe('a pool', () => {
    it('has the class of an error that is shared, though its server does not know it', async () => {
      const own = await manager.pool(1, { tasks: fixture('shared-errors.mjs') });
      const error = await failure(own.apply('fail'));
      expect(error).toBeInstanceOf(NoStockError);
      expect(error).toMatchObject({ message: '3 are left.', left: 3 });
      const results = await collected(await own.imap('fail', [1], { settled: true }));
      expect(results[0]).toMatchObject({ status: 'rejected', reason: expect.any(NoStockError) });
      await manager.release(own);
    });

    it('has the name of an error that nobody knows, and whatever else was thrown', async () => {
      const error = await failure(pool.apply('fail', ['unheard']));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ remoteName: 'UnheardError', message: 'who?' });
      await expect(pool.apply('fail', [{ some: 'thing' }])).rejects.toEqual({ some: 'thing' });
    });

    it('says where a result is that cannot be carried, and goes on', async () => {
      const error = await failure(pool.apply('secret'));
      expect(error).toBeInstanceOf(EncodingError);
      expect(error.message).toMatch(/^result is the function/);
      expect(await pool.apply('square', [3])).toBe(9);
    });

    it('takes no proxies and no functions as arguments', async () => {
      const counter = await manager.value(1);
      for (const args of [[counter], [{ deep: [counter] }]]) {
        const error = await failure(pool.apply('echo', args));
        expect(error).toBeInstanceOf(EncodingError);
        expect(error.message).toContain('a worker thread has no manager');
      }
      expect(await failure(pool.apply('echo', [() => 1]))).toBeInstanceOf(EncodingError);
      const results = await collected(await pool.imap('square', [1, counter, 3] as number[], { settled: true }));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      await manager.release(counter);
    });

    it('takes what other objects have as items', async () => {
      const numbers = await manager.list([1, 2, 3]);
      expect(await pool.map('square', numbers)).toEqual([1, 4, 9]);
      expect(await collected(await pool.imap('square', numbers))).toEqual([1, 4, 9]);
      expect(await (await pool.mapAsync('square', numbers)).get()).toEqual([1, 4, 9]);
      await manager.release(numbers);
    });

    it('takes items that only code of the application can give', async () => {
      const generated = function* (): Generator<number> {
        yield* [1, 2, 3];
      };
      const later = async function* (): AsyncGenerator<number> {
        yield* [1, 2, 3];
      };
      for (const items of [generated, later]) {
        expect(await pool.map('square', items())).toEqual([1, 4, 9]);
        expect(await (await pool.mapAsync('square', items())).get()).toEqual([1, 4, 9]);
        expect(await collected(await pool.imap('square', items()))).toEqual([1, 4, 9]);
      }
      expect(await pool.starmap('add', new Map([[1, 2]]).entries())).toEqual([3]);
    });

    it('uses its threads at the same time, and no more of them', async () => {
      const threads = await pool.map('thread', range(50));
      expect(new Set(threads).size).toBeLessThanOrEqual(2);
      const work = [pool.apply('after', [100_000, 0]), pool.apply('after', [100_000, 0]), pool.apply('square', [1])];
      const ended = work.map(failure);
      await untilState(manager, pool, ({ running, queued }) => running === 3 && queued === 1);
      await pool.terminate();
      await Promise.all(ended);
    });

    it('lets its threads do what they have begun between two tasks', async () => {
      const own = await manager.pool(1, { tasks: TASKS });
      await own.apply('tick');
      const before = (await own.apply('ticked')) as number;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await own.apply('ticked')).toBeGreaterThan(before + 5);
      await manager.release(own);
    });

    it('is the same for all applications', async () => {
      const theirs = await other.named('pool').pool(5, { tasks: 'elsewhere' });
      expect(await theirs.apply('square', [4])).toBe(16);
      expect(await theirs.size()).toBe(2);
    });

    it('gives a result to an application that did not ask for it', async () => {
      const box = await manager.named('box').queue();
      const result = await pool.applyAsync('after', [30, 'done']);
      await box.put(result);
      await manager.release(result);
      const theirs = (await (await other.named('box').queue()).get()) as typeof result;
      expect(await theirs.get()).toBe('done');
      await other.release(theirs);
    });
  });

  describe('an AsyncResult', () => {
    it('is not ready before its work is done', async () => {
      const result = await pool.applyAsync('after', [100_000, 1]);
      expect(await result.ready()).toBe(false);
      expect(await failure(result.successful())).toBeInstanceOf(StateError);
      expect(await failure(result.get(5))).toBeInstanceOf(CallTimeoutError);
      expect(await failure(result.get(0))).toBeInstanceOf(CallTimeoutError);
      expect(await result.wait(5)).toBeUndefined();
      expect(await failure(result.get('5' as never))).toBeInstanceOf(TypeError);
      expect(await result.ready()).toBe(false);
      await pool.terminate();
    });

    it('is made by pools alone', async () => {
      expect(await failure(manager.create('AsyncResult'))).toBeInstanceOf(ConfigurationError);
    });
  });

  describe('imap', () => {
    it('gives results in the order of the items', async () => {
      expect(await collected(await pool.imap('afterOwn', [30, 1, 10]))).toEqual([30, 1, 10]);
      expect(await collected(await pool.imap('square', range(500), { chunkSize: 7 }))).toEqual(
        range(500).map((n) => n * n),
      );
      expect(await collected(await pool.imap('square', []))).toEqual([]);
    });

    it('waits for a result for as long as its call may take', async () => {
      const results = manager.with((await pool.imap('afterOwn', [60_000])) as unknown as AnyProxy, { timeout: 50 });
      expect(await failure((results as unknown as AsyncIterator<unknown>).next())).toBeInstanceOf(CallTimeoutError);
    });

    it('gives a result that was waited for in vain to who waits on', async () => {
      for (const items of [[300], [300].values()]) {
        const results = await pool.imap('afterOwn', items);
        const next = results.next();
        expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 20, 'too late'))])).toBe(
          'too late',
        );
        expect(await next).toEqual({ value: 300, done: false });
        expect(await results.next()).toEqual({ value: undefined, done: true });
      }
    });

    it('gives them as they are ready, if it is the unordered one', async () => {
      // Both threads are there.
      while (new Set(await pool.map('thread', range(20))).size < 2);
      expect(await collected(await pool.imapUnordered('afterOwn', [300, 1, 1]))).toEqual([1, 1, 300]);
      const results = await collected(await pool.imapUnordered('square', range(500), { chunkSize: 3 }));
      expect(results.sort((a, b) => Number(a) - Number(b))).toEqual(range(500).map((n) => n * n));
    });

    it('ends at the first error, in order', async () => {
      const results = await pool.imap('odd', [1, 3, 4, 5]);
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        for await (const result of results) seen.push(result);
      };
      expect((await failure(reading())).message).toBe('4 is even');
      expect(seen).toEqual([1, 3]);
    });

    it('gives all other results before the first error, if it is the unordered one', async () => {
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        for await (const result of await pool.imapUnordered('odd', [2, 1, 4, 3])) seen.push(result);
      };
      expect((await failure(reading())).message).toMatch(/is even$/);
      expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual([1, 3]);
    });

    it.each(['imap', 'imapUnordered'] as const)('tells of each item what became of it: %s', async (member) => {
      const results = (await collected(
        await pool[member]('odd', [1, 2], { settled: true, ahead: 1 }),
      )) as PromiseSettledResult<unknown>[];
      expect(results).toEqual([
        { status: 'fulfilled', value: 1 },
        { status: 'rejected', reason: new RangeError('2 is even') },
      ]);
    });

    it('runs no further ahead of its reader than it may', async () => {
      const numbers = await manager.named('numbers').create(Numbers);
      const results = await pool.imap('square', await numbers.all(), { ahead: 3 });
      expect(await results.next()).toEqual({ value: 1, done: false });
      expect(await results.next()).toEqual({ value: 4, done: false });
      await untilState(manager, pool, ({ queued, active }) => queued === 0 && active === 0);
      // What is under way, and a few batches of numbers that are read ahead of it.
      expect(await numbers.given()).toBeLessThan(1000);
      await results.return?.();
      await untilState(manager, pool, ({ jobs }) => jobs === 0);
    });

    it('reads an endless generator of the application as it goes', async () => {
      let given = 0;
      let closed = false;
      const endless = function* (): Generator<number> {
        try {
          for (;;) yield given++;
        } finally {
          closed = true;
        }
      };
      const seen: unknown[] = [];
      for await (const result of await pool.imap('square', endless(), { ahead: 3 })) {
        if (seen.push(result) === 5) break;
      }
      expect(seen).toEqual([0, 1, 4, 9, 16]);
      expect(given).toBeLessThanOrEqual(8);
      expect(closed).toBe(true);
      await untilState(manager, pool, ({ running }) => running === 0);
    });

    it('has checked what it was called with, wherever its items are', async () => {
      for (const items of [[], [].values()]) {
        const error = await failure(pool.imap('nope', items));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toMatch(/^imap\(\): the pool has no task 'nope'/);
      }
      await pool.terminate();
      for (const items of [[1], [1].values()]) {
        expect((await failure(pool.imapUnordered('square', items))).message).toMatch(
          /^imapUnordered\(\) was called on a pool that is closed/,
        );
      }
    });

    it('gives items of the application to a thread in chunks, each with what becomes of it', async () => {
      const items = [1, 3, () => 5, 7, 8].values() as Iterable<number>;
      const results = await collected(await pool.imap('odd', items, { chunkSize: 5, settled: true }));
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
      ]);
      expect(results[2]).toMatchObject({ reason: expect.any(EncodingError) });
      expect(results[4]).toMatchObject({ reason: new RangeError('8 is even') });
      await pool.apply('square', [2]);
      const threads = await collected(await pool.imap('thread', range(3).values(), { chunkSize: 3 }));
      expect(new Set(threads).size).toBe(1);
    });

    it('fails where its items do, after what came before', async () => {
      const broken = async function* (): AsyncGenerator<number> {
        yield 1;
        throw new RangeError('no more');
      };
      const seen: unknown[] = [];
      const reading = async (): Promise<void> => {
        for await (const result of await pool.imap('square', broken())) seen.push(result);
      };
      expect((await failure(reading())).message).toBe('no more');
      expect(seen).toEqual([1]);
    });

    it('takes no options of other kinds, wherever its items are', async () => {
      const endless = function* (): Generator<number> {
        for (;;) yield 1;
      };
      for (const options of [{ ahead: 0 }, { ahead: 'far' }, { settled: 1 }, { chunkSize: -1 }, { other: 1 }]) {
        for (const items of [[1], endless()]) {
          const error = await failure(pool.imap('square', items, options as never));
          expect(['RangeError', 'TypeError']).toContain(error.name);
        }
      }
    });
  });
}
