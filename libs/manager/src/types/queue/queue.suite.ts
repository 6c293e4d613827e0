import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { isProxy, type SharedProxy } from '../../definition/index.js';
import {
  CallAbortedError,
  CallTimeoutError,
  EncodingError,
  QueueEmptyError,
  QueueFullError,
  QueueShutDownError,
} from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { stateOf, untilState } from '../support/state.suite.js';
import { by, Coin, Visitor, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Queue } from './referent.js';

/** The classes of users that these tests need at their server. */
export const queueSuiteTypes = visitorTypes;

/** What a queue does, wherever its server and its applications are. */
export function queueBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  const named = async (maxSize?: number): Promise<[SharedProxy<Queue>, SharedProxy<Queue>]> => [
    await manager.named('queue').queue(maxSize),
    await other.named('queue').queue(maxSize),
  ];

  it('keeps nothing of what an application took that closes at once', async () => {
    const [mine, theirs] = await named();
    const awaited = theirs.get();
    await mine.put('waited for');
    await mine.put('there already');
    await mine.put('left');
    expect([await awaited, await theirs.get()]).toEqual(['waited for', 'there already']);
    await other.close();
    expect([await mine.qsize(), await mine.get()]).toEqual([1, 'left']);
  });

  describe.each(ways)('a queue, called by %s', (way) => {
    const made = async (maxSize?: number): Promise<SharedProxy<Queue>> =>
      by(way, manager, await manager.queue(maxSize));

    it('gives items in the order in which they were put', async () => {
      const queue = await made();
      for (const item of [1, 'two', null, { three: [3] }]) expect(await queue.put(item)).toBeUndefined();
      await queue.putNowait(undefined);
      expect(await queue.qsize()).toBe(5);
      expect([await queue.get(), await queue.getNowait(), await queue.get()]).toEqual([1, 'two', null]);
      expect(await queue.get({ block: false })).toEqual({ three: [3] });
      expect(await queue.get()).toBeUndefined();
      expect(await queue.empty()).toBe(true);
    });

    it('is full at its size, and never without one', async () => {
      const queue = await made(2);
      expect([await queue.empty(), await queue.full()]).toEqual([true, false]);
      await queue.put(1);
      expect([await queue.empty(), await queue.full()]).toEqual([false, false]);
      await queue.put(2);
      expect([await queue.empty(), await queue.full(), await queue.qsize()]).toEqual([false, true, 2]);
      for (const size of [0, -3]) {
        const endless = await made(size);
        for (let i = 0; i < 20; i++) await endless.put(i);
        expect(await endless.full()).toBe(false);
      }
    });

    it('refuses to wait where that was asked, or time is over', async () => {
      const queue = await made(1);
      expect(await failure(queue.getNowait())).toBeInstanceOf(QueueEmptyError);
      expect(await failure(queue.get({ block: false, timeout: -5 }))).toBeInstanceOf(QueueEmptyError);
      expect(await failure(queue.get({ timeout: 0 }))).toBeInstanceOf(QueueEmptyError);
      expect(await failure(queue.get({ timeout: 10 }))).toBeInstanceOf(QueueEmptyError);
      await queue.put('x');
      expect(await failure(queue.putNowait(1))).toBeInstanceOf(QueueFullError);
      expect(await failure(queue.put(1, { block: false }))).toBeInstanceOf(QueueFullError);
      expect(await failure(queue.put(1, { timeout: 10 }))).toBeInstanceOf(QueueFullError);
      expect([await queue.qsize(), await queue.get()]).toEqual([1, 'x']);
    });

    it('counts what is not done', async () => {
      const queue = await made();
      await queue.join();
      await queue.put(1);
      await queue.put(2);
      let joined = false;
      const join = queue.join().then(() => (joined = true));
      await queue.get();
      await queue.taskDone();
      await queue.get();
      expect(joined).toBe(false);
      await queue.taskDone();
      await join;
      const error = await failure(queue.taskDone());
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(/more often than items were put/);
    });

    it('is iterated until it is shut down', async () => {
      const queue = await made();
      for (const item of [1, 2, 3]) await queue.put(item);
      await queue.shutdown();
      const items: unknown[] = [];
      for await (const item of queue) items.push(item);
      expect(items).toEqual([1, 2, 3]);
    });
  });

  describe('a queue', () => {
    it.each([
      ['a negative timeout', { timeout: -1 }, RangeError, /must not be negative/],
      ['a timeout that is no number', { timeout: '1' as never }, TypeError, /number of ms/],
      ['block that is no boolean', { block: 0 as never }, TypeError, /`block`/],
      ['options that are none', true as never, TypeError, /takes options/],
    ])('refuses %s', async (_what, options, type, message) => {
      const queue = await manager.queue();
      for (const call of [queue.get(options), queue.put(1, options)]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(type);
        expect(error.message).toMatch(message);
      }
      expect(await queue.qsize()).toBe(0);
    });

    it('refuses a size that is no number', async () => {
      expect(await failure(manager.queue('8' as never))).toBeInstanceOf(TypeError);
      expect(await failure(manager.queue(NaN))).toBeInstanceOf(TypeError);
    });

    it('is of the same type by the name of its alias', async () => {
      const queue = await manager.joinableQueue<number>(2);
      expect(manager.token(queue)?.typeid).toBe('queue');
    });

    it('is not touched by an item that cannot travel', async () => {
      const queue = await manager.queue();
      expect(await failure(queue.put(() => 1))).toBeInstanceOf(EncodingError);
      await queue.put(1);
      expect(await queue.get()).toBe(1);
    });

    it('has copies: changing what was put, or got, changes nothing in it', async () => {
      const queue = await manager.queue<{ list: number[] }>();
      const item = { list: [1] };
      const put = queue.put(item);
      item.list.push(2);
      await put;
      expect(await queue.get()).toEqual({ list: [1] });
    });

    it('serves those who wait for items in the order in which they came, each once', async () => {
      const [mine, theirs] = await named();
      const got: string[] = [];
      const waiting = [];
      for (const [i, queue] of [mine, theirs, mine].entries()) {
        waiting.push(queue.get().then((item) => got.push(`${i}:${String(item)}`)));
        await untilState(manager, mine, ({ getters }) => getters === i + 1);
      }
      for (const item of ['a', 'b', 'c']) await mine.put(item);
      await Promise.all(waiting);
      expect([...got].sort()).toEqual(['0:a', '1:b', '2:c']);
      expect(await stateOf(manager, mine)).toMatchObject({ getters: 0, size: 0, running: 0 });
    });

    it('takes the items of those who wait for space in the order in which they came', async () => {
      const [mine, theirs] = await named(1);
      await mine.put(0);
      const waiting = [];
      for (const [i, queue] of [theirs, mine, theirs].entries()) {
        waiting.push(queue.put(i + 1));
        await untilState(manager, mine, ({ putters }) => putters === i + 1);
      }
      const got = [];
      for (let i = 0; i < 4; i++) got.push(await mine.get());
      await Promise.all(waiting);
      expect(got).toEqual([0, 1, 2, 3]);
    });

    it('holds up neither other calls to it nor its application while somebody waits', async () => {
      const queue = await manager.queue();
      const item = queue.get();
      expect(await queue.qsize()).toBe(0);
      await queue.put(1);
      expect(await item).toBe(1);
    });
  });

  describe('the wait at a queue', () => {
    it.each(['get', 'put'] as const)('in %s() ends with its signal, and leaves nothing', async (member) => {
      const queue = await manager.queue(1);
      if (member === 'put') await queue.put('first');
      const controller = new AbortController();
      const options = manager.with(queue, { signal: controller.signal });
      const call = failure(member === 'get' ? options.get() : options.put('second'));
      await untilState(manager, queue, ({ getters, putters }) => getters === 1 || putters === 1);
      controller.abort();
      expect(await call).toBeInstanceOf(CallAbortedError);
      await untilState(manager, queue, ({ running }) => running === 0);
      expect(await stateOf(manager, queue)).toMatchObject({ getters: 0, putters: 0 });
      expect(await queue.qsize()).toBe(member === 'put' ? 1 : 0);
    });

    it('ends with the timeout of its calls, the release of its proxy, and its session', async () => {
      const [mine, theirs] = await named();
      expect(await failure(manager.with(mine, { timeout: 10 }).get())).toBeInstanceOf(CallTimeoutError);
      const second = manager.dup(mine);
      const released = failure(second.get());
      const ended = failure(theirs.get());
      await untilState(manager, mine, ({ getters }) => getters === 2);
      await manager.release(second);
      expect(await released).toBeInstanceOf(CallAbortedError);
      await other.close();
      await ended;
      await untilState(manager, mine, ({ getters, running }) => getters === 0 && running === 0);
      await mine.put(1);
      expect(await mine.get()).toBe(1);
    });

    it('in join() ends like any other', async () => {
      const queue = await manager.queue();
      await queue.put(1);
      const controller = new AbortController();
      const joined = failure(manager.with(queue, { signal: controller.signal }).join());
      await untilState(manager, queue, ({ joiners }) => joiners === 1);
      controller.abort();
      expect(await joined).toBeInstanceOf(CallAbortedError);
      await untilState(manager, queue, ({ joiners, running }) => joiners === 0 && running === 0);
    });
  });

  describe('an item', () => {
    it('whose answer reaches nobody who still waits is back at the head, in its old order', async () => {
      const [mine, theirs] = await named();
      let next = 0;
      const got: unknown[] = [];
      for (let i = 0; i < 300; i++) {
        const controllers = [new AbortController(), new AbortController()];
        const gets = controllers.map(({ signal }) => manager.with(mine, { signal }).get());
        const settled = Promise.all(
          gets.map((get) =>
            get.then(
              (item) => got.push(item),
              () => undefined,
            ),
          ),
        );
        const puts = Promise.all([theirs.put(next++), theirs.put(next++)]);
        for (let turn = 0; turn < i % 9; turn++) await new Promise((resolve) => setImmediate(resolve));
        for (const controller of controllers) controller.abort();
        await Promise.all([puts, settled]);
      }
      await untilState(manager, mine, ({ handedOver, getters }) => handedOver === 0 && getters === 0);
      const left: unknown[] = [];
      while (!(await mine.empty())) left.push(await mine.get());
      expect([...got, ...left].map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, i) => i));
      expect(left).toEqual([...left].map(Number).sort((a, b) => a - b));
    });

    it('that has a proxy in it holds the object until it is taken', async () => {
      const queue = await manager.queue();
      const coin = await manager.create(Coin, 5);
      const before = await manager.numberOfObjects();
      await queue.put({ coins: [coin, coin] });
      await queue.put(coin);
      await manager.release(coin);
      expect(await manager.numberOfObjects()).toBe(before);
      const { coins } = (await queue.get()) as { coins: SharedProxy<Coin>[] };
      const third = (await queue.get()) as SharedProxy<Coin>;
      expect(await coins[1]?.worth()).toBe(5);
      for (const one of [...coins, third]) {
        expect(isProxy(one)).toBe(true);
        await manager.release(one);
      }
      await untilObjects(before - 1);
    });

    it('that has a proxy in it lets it go with the queue', async () => {
      const before = await manager.numberOfObjects();
      const queue = await manager.queue();
      await queue.put(queue);
      const coin = await manager.create(Coin, 5);
      await queue.put([coin]);
      await manager.release(coin);
      await manager.release(queue);
      await untilObjects(before);
    });

    it('taken by hosted code may hold a proxy that is passed on', async () => {
      const queue = await manager.queue();
      await queue.put(await manager.create(Coin, 7));
      const visitor = await manager.create(Visitor);
      const coin = (await visitor.call(queue, 'get', [])) as SharedProxy<Coin>;
      expect(await coin.worth()).toBe(7);
      await untilState(manager, queue, ({ handedOver }) => handedOver === 0);
    });

    async function untilObjects(count: number): Promise<void> {
      while ((await manager.numberOfObjects()) !== count) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  describe('the shutdown of a queue', () => {
    it('refuses what is put, and gives what is there', async () => {
      const queue = await manager.queue();
      await queue.put(1);
      expect(await queue.shutdown()).toBeUndefined();
      expect(await failure(queue.put(2))).toBeInstanceOf(QueueShutDownError);
      expect(await failure(queue.putNowait(2))).toBeInstanceOf(QueueShutDownError);
      expect(await queue.get()).toBe(1);
      expect(await failure(queue.get())).toBeInstanceOf(QueueShutDownError);
      expect(await failure(queue.getNowait())).toBeInstanceOf(QueueShutDownError);
    });

    it('tells those who wait', async () => {
      const [empty] = await named(1);
      const full = await manager.queue(1);
      await full.put(1);
      const got = failure(empty.get());
      const put = failure(full.put(2));
      await untilState(manager, empty, ({ getters }) => getters === 1);
      await untilState(manager, full, ({ putters }) => putters === 1);
      await empty.shutdown();
      await full.shutdown();
      expect(await got).toBeInstanceOf(QueueShutDownError);
      expect(await put).toBeInstanceOf(QueueShutDownError);
      expect(await full.get()).toBe(1);
    });

    it('drops what is there where it is immediate, and counts it as done', async () => {
      const queue = await manager.queue();
      const coin = await manager.create(Coin);
      await queue.put(coin);
      await queue.put(2);
      await manager.release(coin);
      const joined = queue.join();
      const before = await manager.numberOfObjects();
      await queue.shutdown(true);
      await joined;
      expect(await failure(queue.get())).toBeInstanceOf(QueueShutDownError);
      expect(await queue.qsize()).toBe(0);
      expect(await manager.numberOfObjects()).toBe(before - 1);
    });

    it('may become immediate', async () => {
      const queue = await manager.queue();
      await queue.put(1);
      await queue.shutdown();
      await queue.shutdown(true);
      expect(await failure(queue.get())).toBeInstanceOf(QueueShutDownError);
      await queue.shutdown();
    });
  });

  it('iteration takes one item at a time, and none ahead', async () => {
    const queue = await manager.queue<number>();
    for (const item of [1, 2, 3]) await queue.put(item);
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    await untilState(manager, queue, ({ handedOver }) => handedOver === 0);
    expect(await queue.qsize()).toBe(2);
  });
}
