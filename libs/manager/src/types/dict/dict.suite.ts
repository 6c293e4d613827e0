import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { Manager } from '../../client/index.js';
import { SharedType, type SharedProxy } from '../../definition/index.js';
import { KeyNotFoundError, StateError } from '../../protocol/index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilObjects, untilStored } from '../support/counted.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import type { DictClient } from './client.js';
import { Dict } from './referent.js';

/** Hosted code that changes a dict while it iterates over it. */
@SharedType({ typeid: 'suite.Meddler' })
class Meddler {
  /** The keys that come, where at the first of them `member` is called. */
  async meddle(dict: SharedProxy<Dict<number, string>>, member: 'set' | 'delete', key: number): Promise<number[]> {
    const keys: number[] = [];
    for await (const [each] of dict) {
      if (keys.length === 0) await (member === 'set' ? dict.set(key, 'new') : dict.delete(key));
      keys.push(each);
    }
    return keys;
  }
}

/** The classes of users that the behaviour is seen with. */
export const dictSuiteTypes = [...visitorTypes, Meddler];

type AnyDict = DictClient<never, unknown> & SharedProxy<Dict>;

/** What a dict does, whatever carries the calls. */
export function dictBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;

  beforeEach(async () => {
    bench = await open();
    manager = bench.manager;
  });
  afterEach(() => bench.close());

  describe.each(ways)('a dict called by %s', (way) => {
    /** A dict of anything, as it is called, and its proxy. */
    const make = async (entries?: unknown) => {
      const proxy = await manager.create(Dict, ...((entries === undefined ? [] : [entries]) as never[]));
      return { proxy, dict: (await by<SharedProxy<Dict>>(way, manager, proxy)) as AnyDict };
    };
    /** What `change` gives, and the entries then. */
    const after = async (entries: unknown, change: (dict: AnyDict) => Promise<unknown>) => {
      const { proxy, dict } = await make(entries);
      const result = await change(dict);
      const content = [...(await manager.copyOf(proxy))];
      await manager.release(proxy);
      return [result, content];
    };
    const fails = async (entries: [unknown, unknown][], change: (dict: AnyDict) => Promise<unknown>) => {
      const [error, content] = await after(entries, (dict) => failure(change(dict)));
      expect(content).toEqual(entries);
      return error;
    };

    describe('is made', () => {
      it('empty, or of entries in any of their forms', async () => {
        expect(await (await make()).dict.entries()).toEqual([]);
        const pairs = [
          ['a', 1],
          ['b', 2],
        ];
        for (const entries of [pairs, new Map(pairs as [string, number][]), new Set(pairs), { a: 1, b: 2 }]) {
          expect(await (await make(entries)).dict.entries()).toEqual(pairs);
        }
      });

      it('of pairs with one key twice, the later of which counts', async () => {
        const pairs = [
          ['a', 1],
          ['b', 2],
          ['a', 3],
        ];
        expect(await (await make(pairs)).dict.entries()).toEqual([
          ['a', 3],
          ['b', 2],
        ]);
      });

      it('as a copy of another dict', async () => {
        const { proxy } = await make({ a: { n: 1 } });
        const { dict } = await make(proxy);
        await proxy.set('b', 2);
        expect(await dict.entries()).toEqual([['a', { n: 1 }]]);
      });

      it('of nothing else', async () => {
        const coin = await manager.create(Coin);
        for (const odd of [
          null,
          5,
          'ab',
          [1],
          [['a']],
          [['a', 1, 2]],
          [[{}, 1]],
          new Date(0),
          new Uint8Array(2),
          coin,
        ]) {
          expect(await failure(make(odd))).toBeInstanceOf(TypeError);
        }
      });
    });

    describe('gives', () => {
      it('get() and has()', async () => {
        const { dict } = await make({ a: 1, b: undefined });
        expect(await dict.get('a' as never)).toBe(1);
        expect(await dict.get('b' as never)).toBeUndefined();
        expect(await dict.get('c' as never)).toBeUndefined();
        expect(await dict.has('b' as never)).toBe(true);
        expect(await dict.has('c' as never)).toBe(false);
      });

      it('size(), keys(), values() and entries(), in the order in which keys came', async () => {
        const { dict, proxy } = await make({ b: 1, a: 2 });
        await proxy.set('c', 3);
        await proxy.set('b', 4);
        await proxy.delete('a');
        await proxy.set('a', 5);
        expect(await dict.size()).toBe(3);
        expect(await dict.keys()).toEqual(['b', 'c', 'a']);
        expect(await dict.values()).toEqual([4, 3, 5]);
        expect(await dict.entries()).toEqual([
          ['b', 4],
          ['c', 3],
          ['a', 5],
        ]);
      });

      it('copy() and copyOf(): all entries in a Map, which is a copy', async () => {
        const { dict, proxy } = await make({ a: { n: 1 } });
        const copy = (await dict.copy()) as Map<unknown, { n: number }>;
        expect(copy).toEqual(new Map([['a', { n: 1 }]]));
        expect(await manager.copyOf(proxy)).toEqual(copy);
        (copy.get('a') as { n: number }).n = 2;
        expect(await dict.get('a' as never)).toEqual({ n: 1 });
      });
    });

    describe('is changed by', () => {
      it('set(), which gives nothing', async () => {
        expect(await after({ a: 1 }, (dict) => dict.set('b' as never, 2))).toEqual([
          undefined,
          [
            ['a', 1],
            ['b', 2],
          ],
        ]);
        expect(await after({ a: 1 }, (dict) => dict.set('a' as never, undefined))).toEqual([
          undefined,
          [['a', undefined]],
        ]);
      });

      it('delete(), which gives whether the key was there', async () => {
        expect(await after({ a: undefined }, (dict) => dict.delete('a' as never))).toEqual([true, []]);
        expect(await after({ a: 1 }, (dict) => dict.delete('b' as never))).toEqual([false, [['a', 1]]]);
      });

      it('setDefault(), which gives the value that is there then', async () => {
        expect(await after({ a: 1 }, (dict) => dict.setDefault('a' as never, 2))).toEqual([1, [['a', 1]]]);
        expect(await after({}, (dict) => dict.setDefault('a' as never, 2))).toEqual([2, [['a', 2]]]);
        expect(await after({ a: undefined }, (dict) => dict.setDefault('a' as never, 2))).toEqual([
          undefined,
          [['a', undefined]],
        ]);
      });

      it('pop(), which takes a fallback, undefined too', async () => {
        expect(await after({ a: 1 }, (dict) => dict.pop('a' as never))).toEqual([1, []]);
        expect(await after({ a: 1 }, (dict) => dict.pop('a' as never, 2))).toEqual([1, []]);
        expect(await after({ a: 1 }, (dict) => dict.pop('b' as never, 2))).toEqual([2, [['a', 1]]]);
        expect(await after({ a: 1 }, (dict) => dict.pop('b' as never, undefined))).toEqual([undefined, [['a', 1]]]);
        const error = await fails([['a', 1]], (dict) => dict.pop('b' as never));
        expect(error).toBeInstanceOf(KeyNotFoundError);
        expect(error).toMatchObject({ message: expect.stringContaining("'b'"), typeid: 'dict', method: 'pop' });
      });

      it('popItem(), which takes the key that came last', async () => {
        expect(await after({ a: 1, b: 2 }, (dict) => dict.popItem())).toEqual([['b', 2], [['a', 1]]]);
        expect(await fails([], (dict) => dict.popItem())).toBeInstanceOf(KeyNotFoundError);
      });

      it('update(), by entries in any of their forms', async () => {
        const expected = [
          undefined,
          [
            ['a', 2],
            ['b', 3],
          ],
        ];
        const pairs: [string, number][] = [
          ['a', 2],
          ['b', 3],
        ];
        for (const entries of [pairs, new Map(pairs), { a: 2, b: 3 }, new Set(pairs), (await make(pairs)).proxy]) {
          expect(await after({ a: 1 }, (dict) => dict.update(entries as never))).toEqual(expected);
        }
      });

      it('update(), by itself', async () => {
        const { dict, proxy } = await make({ a: 1 });
        await dict.update(proxy as never);
        expect(await dict.entries()).toEqual([['a', 1]]);
      });

      it('update(), not at all where an entry is none', async () => {
        const coin = await manager.create(Coin);
        for (const odd of [
          undefined,
          null,
          5,
          'ab',
          [['b', 2], ['c']],
          [
            ['b', 2],
            [{}, 1],
          ],
          coin,
        ]) {
          expect(await fails([['a', 1]], (dict) => dict.update(odd as never))).toBeInstanceOf(TypeError);
        }
      });

      it('clear()', async () => {
        expect(await after({ a: 1, b: 2 }, (dict) => dict.clear())).toEqual([undefined, []]);
      });
    });

    describe('has keys', () => {
      it('that are primitives, and compared as a Map compares them', async () => {
        const keys = [1, '1', 1n, true, 'true', null, 'null', undefined, NaN, '', '\0', '\0s', '\0p1/1/default', 0];
        const { dict } = await make(keys.map((key, i) => [key, i]));
        expect(await dict.size()).toBe(keys.length);
        for (const [i, key] of keys.entries()) expect(await dict.get(key as never)).toBe(i);
        await dict.set(-0 as never, 'zero');
        expect(await dict.get(0 as never)).toBe('zero');
        expect(Object.is((await dict.keys()).at(-1), 0)).toBe(true);
        expect(await dict.keys()).toEqual(keys);
      });

      it('whose names mean something to objects, and nothing here', async () => {
        const { dict } = await make();
        for (const key of ['__proto__', 'constructor', 'toString', 'size']) {
          expect(await dict.has(key as never)).toBe(false);
          await dict.set(key as never, key);
          expect(await dict.get(key as never)).toBe(key);
        }
        await dict.update(JSON.parse('{"__proto__": 1}') as never);
        expect(await dict.get('__proto__' as never)).toBe(1);
        expect(({} as { size?: unknown }).size).toBeUndefined();
      });

      it('that are proxies, found by their object', async () => {
        const [one, other] = [await manager.create(Coin, 1), await manager.create(Coin, 2)];
        const { dict, proxy } = await make([[one, 'one']]);
        expect(await dict.get(manager.dup(one) as never)).toBe('one');
        expect(await dict.has(other as never)).toBe(false);
        await dict.set(other as never, 'other');
        await dict.set(manager.dup(one) as never, 'again');
        expect(await proxy.values()).toEqual(['again', 'other']);
        const [key] = (await dict.keys()) as SharedProxy<Coin>[];
        expect(manager.token(key as SharedProxy<Coin>)).toEqual(manager.token(one));
        // Whatever stands for a proxy in the server, no string is taken for one.
        const { generation, id, server } = manager.token(one) as { generation: number; id: number; server: string };
        for (const text of [`\0p${generation}/${id}/${server}`, `\0s\0p${generation}/${id}/${server}`]) {
          expect(await dict.has(text as never)).toBe(false);
        }
        expect(await dict.pop(one as never)).toBe('again');
        expect(await dict.delete(one as never)).toBe(false);
        expect(await dict.size()).toBe(1);
      });

      it.each([{}, [1], new Map(), new Date(0), new Uint8Array(1)])('and refuses %p as one', async (odd) => {
        const key = odd as never;
        for (const change of [
          (dict: AnyDict) => dict.get(key),
          (dict: AnyDict) => dict.set(key, 2),
          (dict: AnyDict) => dict.has(key),
          (dict: AnyDict) => dict.delete(key),
          (dict: AnyDict) => dict.setDefault(key, 2),
          (dict: AnyDict) => dict.pop(key),
          (dict: AnyDict) => dict.pop(key, 2),
        ]) {
          expect(await fails([['a', 1]], change)).toMatchObject({
            name: 'TypeError',
            message: expect.stringMatching(/^\w+\(\) takes a primitive or a proxy as its key, got /),
          });
        }
      });
    });

    describe('is iterated', () => {
      it('by entries, in their order', async () => {
        const { dict } = await make({ b: 1, a: [2] });
        const seen: unknown[] = [];
        for await (const entry of dict) seen.push(entry);
        expect(seen).toEqual([
          ['b', 1],
          ['a', [2]],
        ]);
      });
    });
  });

  describe('a dict', () => {
    it('takes the last of very many, in the reverse of the order in which keys came', async () => {
      const dict = await manager.create(
        Dict<number, number>,
        Array.from({ length: 500 }, (_, i) => [i, i] as const),
      );
      for (let i = 0; i < 500; i += 3) await dict.delete(i);
      for (let i = 0; i < 500; i += 9) await dict.set(i, -i);
      const model = new Map(await dict.copy());
      await dict.popItem();
      await dict.set(1000, 1000);
      const taken: number[] = [];
      while (await dict.size()) taken.push((await dict.popItem())[0]);
      expect(taken).toEqual([1000, ...[...model.keys()].slice(0, -1).reverse()]);
    });

    it('gives one value to all who race to set a default', async () => {
      const dict = await manager.create(Dict<string, number>);
      const theirs = await bench.other.redeem<Dict<string, number>>(await manager.ticket(dict));
      const values = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 ? dict : theirs).setDefault('a', i)),
      );
      expect(new Set(values).size).toBe(1);
    });

    it('is filled by what an application can iterate', async () => {
      const dict = await manager.create(Dict<string, number>);
      await dict.update(Object.entries({ a: 1 }).values());
      expect(await dict.copy()).toEqual(new Map([['a', 1]]));
    });

    const numbers = (count: number) => Array.from({ length: count }, (_, i) => [i, 'x'] as const);

    it('says so where its size changes during iteration', async () => {
      const meddler = await manager.create(Meddler);
      // Far more than is read ahead.
      for (const [member, key] of [
        ['set', -1],
        ['delete', 40_000],
      ] as const) {
        const dict = await manager.create(Dict<number, string>, numbers(50_000));
        const error = await failure(meddler.meddle(dict, member, key));
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toContain('changed its size');
        expect(await dict.size()).toBe(50_000 + (member === 'set' ? 1 : -1));
      }
    });

    it('shows a value that is set during iteration', async () => {
      const dict = await manager.create(Dict<number, string>, numbers(50_000));
      const seen: string[] = [];
      for await (const [, value] of dict) {
        if (seen.length === 0) await dict.set(49_999, 'new');
        seen.push(value);
      }
      expect(seen).toHaveLength(50_000);
      expect(seen.at(-1)).toBe('new');
    });

    it('keeps no iterator of a loop that was left, ended or failed', async () => {
      const dict = await manager.create(Dict<number, string>, numbers(10));
      for await (const [key] of dict) if (key === 3) break;
      for await (const [key] of dict) if (key === 3) continue;
      await failure(
        (async () => {
          for await (const [key] of dict) if (key === 3) throw new Error('left');
        })(),
      );
      await untilObjects(manager, 1);
    });
  });

  describe('of the proxies in it a dict holds', () => {
    it('keys and values, each for as long as it is there', async () => {
      const coin = await manager.create(Coin, 7);
      const dict = await manager.create(Dict<SharedProxy<Coin>>, [[coin, { coin }]]);
      await untilStored(manager, 2);
      const { coin: out } = (await dict.pop(coin)) as { coin: SharedProxy<Coin> };
      await untilStored(manager, 0);
      expect(await out.worth()).toBe(7);
    });

    it('a key once, however often its value is set', async () => {
      const coin = await manager.create(Coin, 7);
      const dict = await manager.create(Dict<SharedProxy<Coin>>);
      for (let i = 0; i < 3; i++) await dict.set(coin, i);
      await dict.setDefault(coin, coin);
      await dict.update([[coin, coin]]);
      await dict.update([[coin, 1]]);
      await untilStored(manager, 1);
      await manager.release(coin);
      const [key] = await dict.keys();
      expect(await key?.worth()).toBe(7);
    });

    it.each<[string, (dict: SharedProxy<Dict<string>>) => Promise<unknown>]>([
      ['set()', (dict) => dict.set('a', 'other')],
      ['delete()', (dict) => dict.delete('a')],
      ['update()', (dict) => dict.update([['a', 'other']])],
      ['clear()', (dict) => dict.clear()],
      ['pop()', (dict) => dict.pop('a')],
      ['popItem()', (dict) => dict.popItem()],
    ])('no value that was taken out by %s', async (_, change) => {
      const coin = await manager.create(Coin);
      const dict = await manager.create(Dict<string>, { a: [coin] });
      await untilStored(manager, 1);
      await change(dict);
      await untilStored(manager, 0);
    });

    it('a value that two entries have in common for each of them', async () => {
      const coin = await manager.create(Coin, 7);
      const both = { coin };
      const dict = await manager.create(Dict<string, typeof both>, { a: both, b: both });
      await manager.release(coin);
      await untilStored(manager, 2);
      await dict.delete('a');
      await untilStored(manager, 1);
      expect(await (await dict.get('b'))?.coin.worth()).toBe(7);
    });

    it('nothing where a call fails', async () => {
      const coin = await manager.create(Coin);
      const dict = await manager.create(Dict);
      await failure(dict.set({} as never, coin));
      await failure(dict.setDefault([] as never, coin));
      await failure(dict.update([['a', coin], ['b']] as never));
      await failure(manager.create(Dict, [[{}, coin]] as never));
      expect(await dict.size()).toBe(0);
      await manager.release(coin);
      await untilObjects(manager, 1);
    });

    it('none when it is gone, though it has itself in it', async () => {
      const coin = await manager.create(Coin);
      const dict = await manager.create(Dict<string>, { coin });
      await dict.set('me', dict);
      await manager.release(coin);
      await manager.release(dict);
      await untilObjects(manager, 0);
    });
  });
}
