import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { Manager } from '../../client/index.js';
import { SharedType, type SharedProxy } from '../../definition/index.js';
import { CallAbortedError } from '../../protocol/index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilObjects, untilStored } from '../support/counted.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import { List } from './referent.js';

/** Gives iterators. */
@SharedType({ typeid: 'suite.Source' })
class Source {
  *numbers(count: number): Generator<number> {
    for (let i = 0; i < count; i++) yield i;
  }
}

/** The classes of users that the behaviour is seen with. */
export const listSuiteTypes = [...visitorTypes, Source];

/** What a list does, whatever carries the calls. */
export function listBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;

  beforeEach(async () => {
    bench = await open();
    manager = bench.manager;
  });
  afterEach(() => bench.close());

  describe.each(ways)('a list called by %s', (way) => {
    /** A list of anything, as it is called, and its proxy. */
    const make = async (...args: ConstructorParameters<typeof List>) => {
      const proxy = await manager.create(List, ...args);
      return { proxy, list: await by<SharedProxy<List>>(way, manager, proxy) };
    };
    /** What a list holds after `change`. */
    const after = async (items: Iterable<unknown>, change: (list: SharedProxy<List>) => Promise<unknown>) => {
      const { proxy, list } = await make(items);
      const result = await change(list);
      const content = await manager.copyOf(proxy);
      await manager.release(proxy);
      return [result, content];
    };
    const fails = async (items: Iterable<unknown>, change: (list: SharedProxy<List>) => Promise<unknown>) => {
      const [error, content] = await after(items, (list) => failure(change(list)));
      expect(content).toEqual([...items]);
      return error;
    };

    describe('is made', () => {
      it('empty, or of data that can be iterated', async () => {
        expect(await (await make()).list.copy()).toEqual([]);
        expect(await (await make(undefined)).list.copy()).toEqual([]);
        expect(await (await make(Object.assign([1], { 2: 3 }))).list.copy()).toEqual([1, undefined, 3]);
        expect(await (await make(new Set(['a', 'b']))).list.copy()).toEqual(['a', 'b']);
        expect(await (await make(new Map([['a', 1]]))).list.copy()).toEqual([['a', 1]]);
        expect(await (await make('añ😀')).list.copy()).toEqual(['a', 'ñ', '😀']);
        expect(await (await make(new Uint8Array([7, 8]))).list.copy()).toEqual([7, 8]);
      });

      it('as a copy of another container', async () => {
        const { proxy } = await make([1, [2]]);
        const { list } = await make(proxy);
        await proxy.push(3);
        expect(await list.copy()).toEqual([1, [2]]);
      });

      it('of nothing else', async () => {
        for (const odd of [null, 5, true, {}, { length: 1 }, new Date(0), 1n]) {
          expect(await failure(manager.create(List, odd as never))).toBeInstanceOf(TypeError);
        }
        const coin = await manager.create(Coin);
        expect(await failure(make(coin as never))).toMatchObject({
          name: 'TypeError',
          message: expect.stringContaining('no toCopy()'),
        });
      });
    });

    describe('gives', () => {
      it('at(): the item, counted from the end where negative; undefined where there is none', async () => {
        const { list } = await make(['a', 'b', 'c']);
        expect(await list.at(0)).toBe('a');
        expect(await list.at(-1)).toBe('c');
        expect(await list.at(3)).toBeUndefined();
        expect(await list.at(-4)).toBeUndefined();
        expect(await list.at(Infinity)).toBeUndefined();
      });

      it('length()', async () => {
        const { list } = await make(['a', 'b']);
        expect(await list.length()).toBe(2);
      });

      it('slice(): as an array does', async () => {
        const { list } = await make([0, 1, 2, 3, 4]);
        expect(await list.slice()).toEqual([0, 1, 2, 3, 4]);
        expect(await list.slice(1, 3)).toEqual([1, 2]);
        expect(await list.slice(-2)).toEqual([3, 4]);
        expect(await list.slice(undefined, -3)).toEqual([0, 1]);
        expect(await list.slice(3, 1)).toEqual([]);
        expect(await list.slice(-Infinity, Infinity)).toEqual([0, 1, 2, 3, 4]);
      });

      it("slice(): with a step as Python's", async () => {
        const { list } = await make([0, 1, 2, 3, 4]);
        expect(await list.slice(undefined, undefined, 2)).toEqual([0, 2, 4]);
        expect(await list.slice(1, 4, 2)).toEqual([1, 3]);
        expect(await list.slice(undefined, undefined, -1)).toEqual([4, 3, 2, 1, 0]);
        expect(await list.slice(3, 0, -2)).toEqual([3, 1]);
        expect(await list.slice(-1, -4, -1)).toEqual([4, 3, 2]);
        expect(await list.slice(100, -100, -3)).toEqual([4, 1]);
        expect(await list.slice(1, 1, -1)).toEqual([]);
        expect(await list.slice(0, Infinity, Infinity)).toEqual([0]);
        expect(await fails([1], (one) => one.slice(0, 1, 0))).toBeInstanceOf(RangeError);
      });

      it('concat(): arrays and lists by their items, anything else as an item', async () => {
        const { list, proxy } = await make([1]);
        const { proxy: other } = await make([[5]]);
        expect(await list.concat()).toEqual([1]);
        expect(await list.concat([2, [3]], 4, other as never, new Set([6]))).toEqual([1, 2, [3], 4, [5], new Set([6])]);
        expect(await list.concat(proxy, proxy)).toEqual([1, 1, 1]);
        expect(await proxy.copy()).toEqual([1]);
      });

      it('join(): as an array does', async () => {
        const { list } = await make(['a', null, undefined, 1, 2n, [3, 4]]);
        expect(await list.join()).toBe('a,,,1,2,3,4');
        expect(await list.join(' - ')).toBe('a -  -  - 1 - 2 - 3,4');
        expect(await list.join('')).toBe('a123,4');
        expect(await failure(list.join(1 as never))).toBeInstanceOf(TypeError);
      });

      it('copy() and copyOf(): all items in an array, which is a copy', async () => {
        const { list, proxy } = await make([{ n: 1 }]);
        const [copy, other] = [await list.copy(), await manager.copyOf(proxy)];
        expect(copy).toEqual([{ n: 1 }]);
        expect(other).toEqual([{ n: 1 }]);
        (copy[0] as { n: number }).n = 2;
        expect(await list.at(0)).toEqual({ n: 1 });
      });
    });

    describe('is changed by', () => {
      it('set()', async () => {
        expect(await after([1, 2, 3], (list) => list.set(0, 'a'))).toEqual([undefined, ['a', 2, 3]]);
        expect(await after([1, 2, 3], (list) => list.set(-1, 'c'))).toEqual([undefined, [1, 2, 'c']]);
        expect(await after([1], (list) => list.set(0, undefined))).toEqual([undefined, [undefined]]);
        for (const index of [3, -4, Infinity]) {
          expect(await fails([1, 2, 3], (list) => list.set(index, 0))).toMatchObject({
            name: 'RangeError',
            message: expect.stringContaining(String(index)),
          });
        }
      });

      it('push() and unshift(), which give the new length', async () => {
        expect(await after([1], (list) => list.push(2, 3))).toEqual([3, [1, 2, 3]]);
        expect(await after([1], (list) => list.push())).toEqual([1, [1]]);
        expect(await after([1], (list) => list.push(undefined))).toEqual([2, [1, undefined]]);
        expect(await after([1], (list) => list.unshift(2, 3))).toEqual([3, [2, 3, 1]]);
        expect(await after([1], (list) => list.unshift())).toEqual([1, [1]]);
      });

      it('pop() and shift(), which give undefined where the list is empty', async () => {
        expect(await after([1, 2], (list) => list.pop())).toEqual([2, [1]]);
        expect(await after([1, 2], (list) => list.shift())).toEqual([1, [2]]);
        expect(await after([], (list) => list.pop())).toEqual([undefined, []]);
        expect(await after([], (list) => list.shift())).toEqual([undefined, []]);
      });

      it('pop(index), which fails where there is no such item', async () => {
        expect(await after([1, 2, 3], (list) => list.pop(0))).toEqual([1, [2, 3]]);
        expect(await after([1, 2, 3], (list) => list.pop(-2))).toEqual([2, [1, 3]]);
        expect(await fails([1, 2, 3], (list) => list.pop(3))).toBeInstanceOf(RangeError);
        expect(await fails([], (list) => list.pop(-1))).toBeInstanceOf(RangeError);
      });

      it('insert(), wherever it is told', async () => {
        expect(await after([1, 2], (list) => list.insert(1, 'x'))).toEqual([undefined, [1, 'x', 2]]);
        expect(await after([1, 2], (list) => list.insert(-1, 'x'))).toEqual([undefined, [1, 'x', 2]]);
        expect(await after([1, 2], (list) => list.insert(99, 'x'))).toEqual([undefined, [1, 2, 'x']]);
        expect(await after([1, 2], (list) => list.insert(-99, 'x'))).toEqual([undefined, ['x', 1, 2]]);
      });

      it('remove(), of the first that is the same', async () => {
        expect(await after([1, { a: 1 }, { a: 1 }], (list) => list.remove({ a: 1 }))).toEqual([
          undefined,
          [1, { a: 1 }],
        ]);
        expect(await fails([1, 2], (list) => list.remove('1'))).toMatchObject({
          name: 'RangeError',
          message: expect.stringContaining("'1'"),
        });
      });

      it('delete()', async () => {
        expect(await after([1, 2, 3], (list) => list.delete(1))).toEqual([undefined, [1, 3]]);
        expect(await after([1, 2, 3], (list) => list.delete(-1))).toEqual([undefined, [1, 2]]);
        expect(await fails([1], (list) => list.delete(1))).toBeInstanceOf(RangeError);
      });

      it('extend(), by data that can be iterated, and by containers', async () => {
        expect(await after([1], (list) => list.extend([2, [3]]))).toEqual([undefined, [1, 2, [3]]]);
        expect(await after([1], (list) => list.extend(new Set([2, 3])))).toEqual([undefined, [1, 2, 3]]);
        expect(await after([1], (list) => list.extend('ab'))).toEqual([undefined, [1, 'a', 'b']]);
        const { proxy: other } = await make([2, 3]);
        expect(await after([1], (list) => list.extend(other))).toEqual([undefined, [1, 2, 3]]);
        for (const odd of [undefined, null, 5, {}]) {
          expect(await fails([1], (list) => list.extend(odd as never))).toBeInstanceOf(TypeError);
        }
      });

      it('extend(), by itself, which ends', async () => {
        const { list, proxy } = await make([1, { a: 2 }]);
        await list.extend(proxy);
        expect(await list.copy()).toEqual([1, { a: 2 }, 1, { a: 2 }]);
      });

      it('splice(): as an array', async () => {
        expect(await after([1, 2, 3, 4], (list) => list.splice(1, 2, 'x'))).toEqual([
          [2, 3],
          [1, 'x', 4],
        ]);
        expect(await after([1, 2, 3], (list) => list.splice(-2))).toEqual([[2, 3], [1]]);
        expect(await after([1, 2, 3], (list) => list.splice(1, 0, 'x', 'y'))).toEqual([[], [1, 'x', 'y', 2, 3]]);
        expect(await after([1, 2, 3], (list) => list.splice(0, Infinity))).toEqual([[1, 2, 3], []]);
        expect(await after([1, 2, 3], (list) => list.splice(1, -5))).toEqual([[], [1, 2, 3]]);
        expect(await after([1, 2], (list) => list.splice(9, 1, 'x'))).toEqual([[], [1, 2, 'x']]);
        expect(await after([1, 2], (list) => list.splice(0, undefined as never))).toEqual([[], [1, 2]]);
        expect(await after([1, 2], (list) => list.splice(...([] as unknown as [number])))).toEqual([[], [1, 2]]);
      });

      it('reverse() and clear(), which give nothing', async () => {
        expect(await after([1, 2, 3], (list) => list.reverse())).toEqual([undefined, [3, 2, 1]]);
        expect(await after([1, 2, 3], (list) => list.clear())).toEqual([undefined, []]);
      });

      it("sort(), in Python's order", async () => {
        expect(await after([10, 9, 2n, -1], (list) => list.sort())).toEqual([undefined, [-1, 2n, 9, 10]]);
        expect(await after(['b', 'B', 'a'], (list) => list.sort({ reverse: true }))).toEqual([
          undefined,
          ['b', 'a', 'B'],
        ]);
        expect(await after([{ a: { b: 2 } }, { a: { b: 1 } }], (list) => list.sort({ key: 'a.b' }))).toEqual([
          undefined,
          [{ a: { b: 1 } }, { a: { b: 2 } }],
        ]);
      });

      it('sort(), not at all where there is no order', async () => {
        const coin = await manager.create(Coin);
        expect(await fails([3, 1, 'a'], (list) => list.sort())).toBeInstanceOf(TypeError);
        expect(await fails([3, 1], (list) => list.sort({ key: 'a' }))).toBeInstanceOf(TypeError);
        expect(await fails([3, 1], (list) => list.sort({ by: 'a' } as never))).toBeInstanceOf(TypeError);
        const { list } = await make([coin, coin]);
        expect(await failure(list.sort())).toBeInstanceOf(TypeError);
        expect(await failure(list.sort({ key: 'worth' }))).toBeInstanceOf(TypeError);
      });

      it('many values at once', async () => {
        const many = Array.from({ length: 150_000 }, (_, i) => i);
        const { list } = await make(many);
        await list.extend(many);
        expect(await list.length()).toBe(300_000);
        expect(await list.splice(1, 299_998)).toHaveLength(299_998);
        expect(await list.copy()).toEqual([0, 149_999]);
      });
    });

    describe('is searched by structure', () => {
      it('indexOf(), includes() and count()', async () => {
        const { list } = await make([1, { a: [1, 2] }, 1, [3], null, undefined]);
        expect(await list.indexOf({ a: [1, 2] })).toBe(1);
        expect(await list.indexOf(1)).toBe(0);
        expect(await list.indexOf(1, 1)).toBe(2);
        expect(await list.indexOf(1, -4)).toBe(2);
        expect(await list.indexOf(1, 9)).toBe(-1);
        expect(await list.indexOf(undefined)).toBe(5);
        expect(await list.indexOf({ a: [1] })).toBe(-1);
        expect(await list.includes([3])).toBe(true);
        expect(await list.includes(1, 3)).toBe(false);
        expect(await list.count(1)).toBe(2);
        expect(await list.count({ a: [1, 2] })).toBe(1);
        expect(await list.count(4)).toBe(0);
      });

      it('proxies by their object', async () => {
        const [one, other] = [await manager.create(Coin), await manager.create(Coin)];
        const { list } = await make([other, one, { one }]);
        expect(await list.indexOf(one)).toBe(1);
        expect(await list.indexOf({ one: manager.dup(one) })).toBe(2);
        expect(await list.includes({ one: other })).toBe(false);
        expect(await list.count(manager.dup(other))).toBe(1);
        await list.remove(other);
        expect(await list.includes(other)).toBe(false);
      });
    });

    describe('refuses', () => {
      it.each(['1', null, true, {}, [1], 1n, 1.5, NaN])('%p as an index', async (odd) => {
        const index = odd as never;
        for (const change of [
          (list: SharedProxy<List>) => list.at(index),
          (list: SharedProxy<List>) => list.set(index, 1),
          (list: SharedProxy<List>) => list.pop(index),
          (list: SharedProxy<List>) => list.insert(index, 1),
          (list: SharedProxy<List>) => list.delete(index),
          (list: SharedProxy<List>) => list.slice(index),
          (list: SharedProxy<List>) => list.slice(0, index),
          (list: SharedProxy<List>) => list.slice(0, 1, index),
          (list: SharedProxy<List>) => list.splice(index),
          (list: SharedProxy<List>) => list.splice(0, index, 'new'),
          (list: SharedProxy<List>) => list.indexOf(1, index),
          (list: SharedProxy<List>) => list.includes(1, index),
        ]) {
          expect(await fails([1, 2, 3], change)).toMatchObject({
            name: 'TypeError',
            message: expect.stringMatching(/^\w+\(\) takes an integer as its \w+, got .+\.$/),
          });
        }
      });
    });

    describe('is iterated', () => {
      it('from the first item to the last, undefined ones too', async () => {
        const { list } = await make([1, undefined, [3]]);
        const seen: unknown[] = [];
        for await (const item of list) seen.push(item);
        expect(seen).toEqual([1, undefined, [3]]);
      });

      it('again and again', async () => {
        const { list } = await make([1, 2]);
        for (let round = 0; round < 2; round++) {
          const seen: unknown[] = [];
          for await (const item of list) seen.push(item);
          expect(seen).toEqual([1, 2]);
        }
      });
    });
  });

  describe('a list', () => {
    it('is iterated as it is when the turn of an item comes', async () => {
      const list = await manager.create(List<number>, [1, 2, 3]);
      const seen: number[] = [];
      for await (const item of list) {
        seen.push(item);
        if (item === 2) await list.push(4);
        if (item === 3) await list.shift();
      }
      // The first was taken out when two had been seen: the one that stood third was next, and then nothing.
      expect(seen).toEqual([1, 2, 3]);
      expect(await list.copy()).toEqual([2, 3, 4]);
    });

    it('is left by a loop that breaks', async () => {
      const list = await manager.create(List<number>, [1, 2, 3]);
      for await (const item of list) if (item === 1) break;
      expect(await manager.numberOfObjects()).toBe(1);
    });

    it('is extended by what an application can iterate', async () => {
      const list = await manager.create(List);
      await list.extend(new Map([['a', 1]]).keys());
      await list.extend(new Set([2]).values());
      expect(await list.copy()).toEqual(['a', 2]);
    });

    it('is extended by the items of an iterator in the server', async () => {
      const [list, source] = [await manager.create(List), await manager.create(Source)];
      const numbers = await source.numbers(10_000);
      await list.extend(numbers as never);
      expect(await list.length()).toBe(10_000);
      await manager.release(numbers as never);
      await untilObjects(manager, 2);
    });

    it('reads an iterator no further when nobody waits for it any more', async () => {
      const [list, source] = [await manager.create(List), await manager.create(Source)];
      const endless = await source.numbers(Infinity);
      const signal = AbortSignal.timeout(20);
      expect(await failure(manager.with(list, { signal }).extend(endless as never))).toBeInstanceOf(CallAbortedError);
      await manager.release(endless as never);
      await untilObjects(manager, 2);
      expect(await list.length()).toBe(0);
    });

    it('is the same to every application', async () => {
      const list = await manager.create(List<string>, ['a']);
      const theirs = await bench.other.redeem<List<string>>(await manager.ticket(list));
      await theirs.push('b');
      await list.push('c');
      expect(await theirs.copy()).toEqual(['a', 'b', 'c']);
    });

    it('takes each push of many that race', async () => {
      const list = await manager.create(List<number>);
      const theirs = await bench.other.redeem<List<number>>(await manager.ticket(list));
      const lengths = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 ? list : theirs).push(i)));
      expect([...lengths].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i + 1));
    });
  });

  describe('of the proxies in it a list holds', () => {
    it('each for as long as it is there', async () => {
      const coin = await manager.create(Coin, 7);
      const list = await manager.create(List, [coin]);
      await list.push({ deep: [new Map([['here', coin]])] });
      await manager.release(coin);
      await untilStored(manager, 2);
      const out = (await list.shift()) as SharedProxy<Coin>;
      expect(await out.worth()).toBe(7);
      await untilStored(manager, 1);
      await manager.release(out);
      expect(await manager.numberOfObjects()).toBe(2);
      await list.clear();
      await untilObjects(manager, 1);
    });

    it('one that stands at many places at each of them', async () => {
      const coin = await manager.create(Coin, 7);
      const list = await manager.create(List);
      const row = { coin };
      await list.push(coin, coin, row, row, { row });
      await manager.release(coin);
      await untilStored(manager, 5);
      await list.splice(0, 1);
      await list.delete(1);
      await untilStored(manager, 3);
      for (const item of (await list.copy()) as [SharedProxy<Coin>, typeof row, { row: typeof row }]) {
        const found = 'row' in item ? item.row.coin : 'coin' in item ? item.coin : item;
        expect(await (found as SharedProxy<Coin>).worth()).toBe(7);
      }
    });

    it.each<[string, (list: SharedProxy<List>) => Promise<unknown>]>([
      ['set()', (list) => list.set(0, 'other')],
      ['pop()', (list) => list.pop()],
      ['pop(0)', (list) => list.pop(0)],
      ['shift()', (list) => list.shift()],
      ['delete()', (list) => list.delete(0)],
      ['splice()', (list) => list.splice(0, 1, 'other')],
      ['clear()', (list) => list.clear()],
    ])('nothing that was taken out by %s', async (_, change) => {
      const list = await manager.create(List);
      await list.push([await manager.create(Coin)]);
      const result = await change(list);
      expect(await manager.numberOfObjects()).toBeLessThanOrEqual(2);
      await untilStored(manager, 0);
      for (const coin of [result].flat(3)) if (coin instanceof Object) await manager.release(coin as never);
    });

    it('what was removed by value no longer', async () => {
      const coin = await manager.create(Coin);
      const list = await manager.create(List, [coin, coin]);
      await list.remove(coin);
      await untilStored(manager, 1);
      await list.remove(coin);
      await untilStored(manager, 0);
    });

    it('all of them, however it is put in order', async () => {
      const coins = await Promise.all([20, 10].map((worth) => manager.create(Coin, worth)));
      const list = await manager.create(List, [
        { n: 2, coin: coins[0] },
        { n: 1, coin: coins[1] },
      ]);
      await list.sort({ key: 'n' });
      await list.reverse();
      await list.sort({ key: 'n', reverse: true });
      for (const coin of coins) await manager.release(coin);
      await untilStored(manager, 2);
      const [first] = (await list.copy()) as { coin: SharedProxy<Coin> }[];
      expect(await first?.coin.worth()).toBe(20);
    });

    it('those that it was extended by, itself included', async () => {
      const coin = await manager.create(Coin, 7);
      const list = await manager.create(List, [coin]);
      const other = await manager.create(List, list);
      await list.extend(list);
      await list.extend(other);
      await manager.release(coin);
      await manager.release(other);
      await untilStored(manager, 3);
      expect(await ((await list.at(2)) as SharedProxy<Coin>).worth()).toBe(7);
    });

    it('nothing where a call fails', async () => {
      const coin = await manager.create(Coin);
      const list = await manager.create(List, [1]);
      await failure(list.set(5, coin));
      await failure(list.insert('0' as never, coin));
      await failure(list.splice(0, 'all' as never, coin));
      await failure(list.extend({ coin } as never));
      await failure(manager.create(List, { coin } as never));
      expect(await list.copy()).toEqual([1]);
      await manager.release(coin);
      await untilObjects(manager, 1);
    });

    it('none when it is gone', async () => {
      const coin = await manager.create(Coin);
      const list = await manager.create(List, [coin, [coin]]);
      await manager.release(coin);
      await manager.release(list);
      await untilObjects(manager, 0);
    });

    it('itself, until nobody else does', async () => {
      const list = await manager.create(List);
      await list.push(list);
      await manager.release(list);
      await untilObjects(manager, 0);
    });
  });
}
