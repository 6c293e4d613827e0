import { connect } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import {
  CallAbortedError,
  CallTimeoutError,
  ConfigurationError,
  ManagerClosedError,
  StateError,
  WorkerLostError,
} from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilState } from '../support/state.suite.js';
import { fixture, Numbers, TASKS } from './pool.suite.js';
import type { Pool } from './referent.js';

/** Whether somebody listens there. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function untilSilent(port: number): Promise<void> {
  while (await listens(port)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Numbers of the application. Not quite endless: a test that would never end cannot fail. */
function* endless(): Generator<number> {
  for (let next = 0; next < 100_000; next++) yield next;
}

/** The error that ends their reading, listened to at once. */
function failed(results: AsyncIterable<unknown>): Promise<Error> {
  const reading = async (): Promise<void> => {
    for await (const _ of results);
  };
  return failure(reading());
}

/** How a pool begins and ends, and what becomes of its threads. */
export function poolThreads(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  let pool: SharedProxy<Pool>;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  const state = (holds: (state: Record<string, unknown>) => boolean): Promise<void> => untilState(manager, pool, holds);
  const busy = (): Promise<void> => state(({ active }) => active === 1);

  describe('making a pool', () => {
    it('takes a path, an URL and a CommonJS module', async () => {
      for (const tasks of [TASKS, TASKS.href, fixture('tasks.mjs')]) {
        const own = await manager.pool(1, { tasks });
        expect(await own.apply('square', [2])).toBe(4);
        await manager.release(own);
      }
      const common = await manager.pool(undefined, { tasks: fixture('common.cjs') });
      expect(await common.apply('cube', [2])).toBe(8);
      expect(await common.apply('dynamic')).toBe('seen');
      expect((await failure(common.apply('inherited'))).message).toContain('exports: cube, dynamic.');
      expect(await common.size()).toBeGreaterThan(0);
      await manager.release(common);
    });

    it('takes no size and no options of other kinds', async () => {
      for (const size of [0, -1, 1.5, Infinity, 65]) {
        expect(await failure(manager.pool(size, { tasks: TASKS }))).toBeInstanceOf(RangeError);
      }
      for (const size of ['2', NaN, true]) {
        expect(await failure(manager.pool(size as never, { tasks: TASKS }))).toBeInstanceOf(TypeError);
      }
      for (const options of [undefined, {}, { tasks: 5 }, { tasks: TASKS, other: 1 }]) {
        expect(await failure(manager.pool(1, options as never))).toBeInstanceOf(TypeError);
      }
    });

    it.each([
      ['is not there', 'nothing.mjs', /^There is no module/],
      ['throws', 'broken.mjs', /could not be loaded: not today$/],
      ['ends its thread', 'exits.mjs', /ended the thread that loaded it\.$/],
      ['has no tasks', 'no-tasks.mjs', /exports no function\.$/],
    ])('fails where the module %s', async (_how, name, message) => {
      const objects = await manager.numberOfObjects();
      const error = await failure(manager.pool(1, { tasks: fixture(name) }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toMatch(message);
      expect(await manager.numberOfObjects()).toBe(objects);
    });

    it('takes no module but a file', async () => {
      const data = 'data:text/javascript,export const a = () => 1';
      const names = [
        data,
        'http://localhost/a.mjs',
        'node:child_process',
        'blob:1',
        'file://elsewhere/a.mjs',
        'a\0.mjs',
      ];
      for (const tasks of names) {
        const error = await failure(manager.pool(1, { tasks }));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toMatch(/a file: URL or a path of the server/);
      }
    });

    it('takes no file that is not code by its name, and tells nothing of it', async () => {
      for (const name of ['.secrets', 'secrets', 'secrets.json']) {
        const error = await failure(manager.pool(1, { tasks: fixture(`secrets/${name}`) }));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toMatch(/is no code by its name: pool\(\) takes files that end in \.js/);
        expect(inspect(error)).not.toContain('hunter2');
      }
    });

    it('takes no module outside of what the server allows', async () => {
      const outside = ['/etc/hostname', '/nowhere/at-all.mjs', '../outside.mjs', 'node_modules/piscina/dist/main.js'];
      for (const tasks of outside) {
        const error = await failure(manager.pool(1, { tasks }));
        expect(error).toBeInstanceOf(ConfigurationError);
        expect(error.message).toMatch(/^The server does not let pools run the module/);
      }
    });
  });

  const withPool = (): void => {
    beforeEach(async () => {
      pool = await manager.named('pool').pool(1, { tasks: TASKS });
    });
  };

  describe('a task', () => {
    withPool();

    it.each([
      ['exits', 'exit', [3], /it exited with the code 3\.$/],
      ['throws outside of itself', 'throwLater', [], /an error was thrown outside of the task: too late\.$/],
    ])('fails where its thread %s, and the next one has another thread', async (_how, task, args, message) => {
      const before = await pool.apply('thread');
      const error = await failure(pool.apply(task, args));
      expect(error).toBeInstanceOf(WorkerLostError);
      expect(error.message).toMatch(message);
      expect(await pool.apply('thread')).not.toBe(before);
    });

    it('takes with it no other task of its map', async () => {
      const lost = await failure(pool.starmap('exitAt', [[1, 2], [2, 2], [3, 2]])); // prettier-ignore
      expect(lost).toBeInstanceOf(WorkerLostError);
      const results = await pool.imap('exit', [1], { settled: true });
      for await (const result of results) expect(result).toMatchObject({ status: 'rejected' });
      expect(await pool.apply('square', [2])).toBe(4);
    });

    it('is stopped by the signal of its call, in an endless loop', async () => {
      const stop = new AbortController();
      const port = (await pool.apply('listen')) as number;
      const ended = failure(manager.with(pool, { signal: stop.signal }).apply('spin'));
      await busy();
      stop.abort();
      expect(await ended).toBeInstanceOf(CallAbortedError);
      await untilSilent(port);
      expect(await pool.apply('square', [2])).toBe(4);
    });

    it('is stopped by the timeout of its call', async () => {
      expect(await failure(manager.with(pool, { timeout: 50 }).apply('spin'))).toBeInstanceOf(CallTimeoutError);
      expect(await pool.apply('square', [2])).toBe(4);
    });

    it('never starts where its call is ended while it waits for its turn', async () => {
      const stop = new AbortController();
      const spinning = failure(pool.apply('spin'));
      await busy();
      const ended = failure(manager.with(pool, { signal: stop.signal }).apply('square', [2]));
      const map = failure(manager.with(pool, { signal: stop.signal }).map('square', [1, 2, 3]));
      await state(({ queued }) => queued === 3);
      stop.abort();
      expect(await ended).toBeInstanceOf(CallAbortedError);
      expect(await map).toBeInstanceOf(CallAbortedError);
      await state(({ queued, jobs }) => queued === 0 && jobs === 1);
      await pool.terminate();
      await spinning;
    });

    it('is stopped with its application', async () => {
      const theirs = await other.named('pool').pool(1, { tasks: TASKS });
      const spinning = failure(theirs.apply('spin'));
      await busy();
      await other.close();
      expect(await spinning).toBeInstanceOf(ManagerClosedError);
      expect(await pool.apply('square', [2])).toBe(4);
    });

    it('goes on where nobody waits for it', async () => {
      const theirs = await other.named('pool').pool(1, { tasks: TASKS });
      const port = (await pool.apply('listen')) as number;
      await theirs.applyAsync('after', [20, 1]);
      await other.close();
      await state(({ jobs }) => jobs === 0);
      expect(await listens(port)).toBe(true);
    });
  });

  describe('leaving an imap', () => {
    withPool();

    it.each(['imap', 'imapUnordered'] as const)('stops what still runs for it: %s', async (member) => {
      for await (const _ of await pool[member]('afterOwn', [1, 100_000, 1])) break;
      expect(await pool.apply('square', [2])).toBe(4);
      await state(({ jobs }) => jobs === 0);
    });

    it('before its first result does, too', async () => {
      const results = await pool.imap('afterOwn', [100_000, 1]);
      await busy();
      await results.return?.();
      await state(({ jobs, active }) => jobs === 0 && active === 0);
    });

    it('unread, by the release of its proxy', async () => {
      const results = await pool.imap('afterOwn', [100_000, 1]);
      await busy();
      await manager.release(results as never);
      await state(({ jobs, active }) => jobs === 0 && active === 0);
    });
  });

  describe('closing a pool', () => {
    withPool();

    it('takes no more work, and does what was taken', async () => {
      const port = (await pool.apply('listen')) as number;
      const working = pool.map('afterOwn', [1, 2, 3, 4, 5, 6]);
      const iterated = await pool.imap('square', [1, 2, 3, 4, 5, 6]);
      const result = await pool.applyAsync('square', [3]);
      await pool.close();
      for (const call of [pool.apply('square', [1]), pool.map('square', []), pool.applyAsync('square')]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toContain('a pool that is closed');
      }
      expect(await failure(pool.imap('square', [1]))).toBeInstanceOf(StateError);
      expect(await working).toEqual([1, 2, 3, 4, 5, 6]);
      const squares: unknown[] = [];
      for await (const square of iterated) squares.push(square);
      expect(squares).toEqual([1, 4, 9, 16, 25, 36]);
      await pool.join();
      expect(await result.get()).toBe(9);
      await untilSilent(port);
      await pool.close();
      await manager.release(result);
    });

    it('does what was taken of items that only the application can give, too', async () => {
      for (const member of ['imap', 'imapUnordered'] as const) {
        const own = await manager.pool(1, { tasks: TASKS });
        const results = await own[member]('square', [1, 2, 3, 4, 5, 6].values());
        await own.close();
        let joined = false;
        const joining = own.join().then(() => (joined = true));
        expect(await results.next()).toEqual({ value: 1, done: false });
        expect(joined).toBe(false);
        const squares: unknown[] = [1];
        for await (const square of results) squares.push(square);
        expect(squares).toEqual([1, 4, 9, 16, 25, 36]);
        await joining;
        await manager.release(own);
      }
    });

    it('is waited for by join, which a pool that is open does not take', async () => {
      expect(await failure(pool.join())).toBeInstanceOf(StateError);
      const working = pool.apply('after', [30, 'done']);
      await busy();
      await pool.close();
      let joined = false;
      const joining = pool.join().then(() => (joined = true));
      expect(await working).toBe('done');
      await joining;
      expect(joined).toBe(true);
      await pool.join();
    });
  });

  describe('terminating a pool', () => {
    withPool();

    it('stops its threads, whatever they do, and fails what waits', async () => {
      const port = (await pool.apply('listen')) as number;
      const iterated = await pool.imap('square', [1, 2, 3]);
      expect(await iterated.next()).toMatchObject({ value: 1 });
      const calls = [pool.apply('spin'), pool.apply('square', [1]), pool.map('square', [1, 2])].map(failure);
      const result = await pool.applyAsync('square', [3]);
      await state(({ jobs, queued }) => jobs === 5 && Number(queued) >= 3);
      await pool.terminate();
      expect(await listens(port)).toBe(false);
      for (const error of [...(await Promise.all(calls)), await failure(result.get())]) {
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toBe('The pool was terminated before the work was done.');
      }
      expect(await result.successful()).toBe(false);
      await pool.join();
      expect(await failure(pool.apply('square'))).toBeInstanceOf(StateError);
      await pool.terminate();
      await manager.release(result);
    });

    it.each(['imap', 'imapUnordered'] as const)('ends what reads items that never end: %s', async (member) => {
      const numbers = await manager.create(Numbers);
      const there = (): Promise<AsyncIterable<number>> => numbers.all();
      for (const [items, options] of [
        [there, {}],
        [there, { settled: true }],
        [endless, {}],
        [endless, { settled: true }],
      ] as const) {
        // prettier-ignore
        const own = await manager.pool(1, { tasks: TASKS });
        const results = await own[member]('square', await items(), options);
        await results.next();
        const reading = failed(results);
        await own.terminate();
        const error = await reading;
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toBe('The pool was terminated before the work was done.');
        await manager.release(own);
      }
      await manager.release(numbers);
    });
  });

  describe('an application that ends', () => {
    withPool();

    it.each([
      ['imap', {}],
      ['imap', { settled: true }],
      ['imapUnordered', {}],
      ['imapUnordered', { settled: true }],
    ] as const)('ends what reads items of its own: %s, %p', async (member, options) => {
      const theirs = await other.named('pool').pool(1, { tasks: TASKS });
      const results = await theirs[member]('square', endless(), options);
      await results.next();
      const reading = failed(results);
      await other.close();
      expect(await reading).toBeInstanceOf(ManagerClosedError);
      await state(({ jobs }) => jobs === 0);
    });

    it('need not hold the pool while it reads what came of items of its own', async () => {
      const own = await manager.pool(1, { tasks: TASKS });
      const results = await own.imap('square', [1, 2, 3].values(), { ahead: 1 });
      await manager.release(own);
      const squares: unknown[] = [];
      for await (const square of results) squares.push(square);
      expect(squares).toEqual([1, 4, 9]);
    });

    it('ends it by its signal', async () => {
      const stop = new AbortController();
      const results = await manager.with(pool, { signal: stop.signal }).imapUnordered('square', endless());
      await results.next();
      const reading = failed(results);
      stop.abort();
      expect(await reading).toBeInstanceOf(CallAbortedError);
      await state(({ jobs }) => jobs === 0);
    });
  });

  describe('a pool that nobody holds any more', () => {
    it('ends its threads, and fails the results that are still to come', async () => {
      const own = await manager.pool(1, { tasks: TASKS });
      const port = (await own.apply('listen')) as number;
      const done = await own.applyAsync('square', [2]);
      await done.wait();
      const result = await own.applyAsync('spin');
      await manager.release(own);
      const error = await failure(result.get());
      expect(error).toBeInstanceOf(StateError);
      expect(error.message).toMatch(/^The pool is gone/);
      expect(await done.get()).toBe(4);
      await untilSilent(port);
      await Promise.all([manager.release(done), manager.release(result)]);
    });
  });
}
