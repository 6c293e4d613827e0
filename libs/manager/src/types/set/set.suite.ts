import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { Manager } from '../../client/index.js';
import type { SharedProxy } from '../../definition/index.js';
import { KeyNotFoundError } from '../../protocol/index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilObjects, untilStored } from '../support/counted.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import { SharedSet } from './referent.js';

/** The classes of users that the behaviour is seen with. */
export const setSuiteTypes = visitorTypes;

type AnySet = SharedProxy<SharedSet>;

/** The members that take others, with what they give for `{1, 2, 3}` and `{3, 4}`, and what is then in the set. */
const MEMBERS = [
  ['union', [1, 2, 3, 4], [1, 2, 3]],
  ['intersection', [3], [1, 2, 3]],
  ['difference', [1, 2], [1, 2, 3]],
  ['symmetricDifference', [1, 2, 4], [1, 2, 3]],
  ['update', undefined, [1, 2, 3, 4]],
  ['intersectionUpdate', undefined, [3]],
  ['differenceUpdate', undefined, [1, 2]],
  ['symmetricDifferenceUpdate', undefined, [1, 2, 4]],
  ['isSubsetOf', false, [1, 2, 3]],
  ['isSupersetOf', false, [1, 2, 3]],
  ['isDisjointFrom', false, [1, 2, 3]],
] as const;
type WithOthers = (typeof MEMBERS)[number][0];
type Others = (...others: unknown[]) => Promise<unknown>;

/** What a set does, whatever carries the calls. */
export function setBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;

  beforeEach(async () => {
    bench = await open();
    manager = bench.manager;
  });
  afterEach(() => bench.close());

  describe.each(ways)('a set called by %s', (way) => {
    const make = async (members?: unknown) => {
      const proxy = await manager.create(SharedSet, ...((members === undefined ? [] : [members]) as never[]));
      return { proxy, set: await by<AnySet>(way, manager, proxy) };
    };
    /** What `change` gives, and the members then. */
    const after = async (members: unknown, change: (set: AnySet) => Promise<unknown>) => {
      const { proxy, set } = await make(members);
      const result = await change(set);
      const content = [...(await manager.copyOf(proxy))];
      await manager.release(proxy);
      return [result, content];
    };
    const fails = async (members: unknown[], change: (set: AnySet) => Promise<unknown>) => {
      const [error, content] = await after(members, (set) => failure(change(set)));
      expect(content).toEqual(members);
      return error;
    };
    const call = (set: AnySet, member: WithOthers, ...others: unknown[]): Promise<unknown> =>
      (set[member] as Others)(...others);

    describe('is made', () => {
      it('empty, or of data that can be iterated', async () => {
        expect(await (await make()).set.values()).toEqual([]);
        expect(await (await make([2, 1, 2])).set.values()).toEqual([2, 1]);
        expect(await (await make(new Set(['a', 'b']))).set.values()).toEqual(['a', 'b']);
        expect(await (await make('abba')).set.values()).toEqual(['a', 'b']);
        expect(await (await make(new Float64Array([1, NaN, NaN]))).set.values()).toEqual([1, NaN]);
      });

      it('as a copy of another container', async () => {
        const { proxy } = await make([1, 2]);
        const { set } = await make(proxy);
        await proxy.add(3);
        expect(await set.values()).toEqual([1, 2]);
      });

      it('of nothing else', async () => {
        const coin = await manager.create(Coin);
        for (const odd of [null, 5, {}, [[1]], [{}], new Map([[1, 2]]), coin]) {
          expect(await failure(make(odd))).toBeInstanceOf(TypeError);
        }
      });
    });

    it('gives has(), size(), values() and copies, in the order in which members came', async () => {
      const { set, proxy } = await make(['b', 'a']);
      await proxy.add('c');
      await proxy.delete('b');
      await proxy.add('b');
      expect(await set.has('a')).toBe(true);
      expect(await set.has('d')).toBe(false);
      expect(await set.size()).toBe(3);
      expect(await set.values()).toEqual(['a', 'c', 'b']);
      expect(await set.copy()).toEqual(new Set(['a', 'b', 'c']));
      expect(await manager.copyOf(proxy)).toEqual(new Set(['a', 'b', 'c']));
    });

    describe('is changed by', () => {
      it('add(), which gives nothing', async () => {
        expect(await after([1], (set) => set.add(2))).toEqual([undefined, [1, 2]]);
        expect(await after([1], (set) => set.add(1))).toEqual([undefined, [1]]);
      });

      it('delete(), which gives whether it was a member', async () => {
        expect(await after([1, undefined], (set) => set.delete(undefined))).toEqual([true, [1]]);
        expect(await after([1], (set) => set.delete(2))).toEqual([false, [1]]);
      });

      it('remove(), which fails where it was none', async () => {
        expect(await after([1, 2], (set) => set.remove(1))).toEqual([undefined, [2]]);
        const error = await fails([1], (set) => set.remove('1'));
        expect(error).toBeInstanceOf(KeyNotFoundError);
        expect(error).toMatchObject({ message: expect.stringContaining("'1'"), typeid: 'set', method: 'remove' });
      });

      it('pop(), which takes the member that came last', async () => {
        expect(await after([1, 2], (set) => set.pop())).toEqual([2, [1]]);
        expect(await fails([], (set) => set.pop())).toBeInstanceOf(KeyNotFoundError);
      });

      it('clear()', async () => {
        expect(await after([1, 2], (set) => set.clear())).toEqual([undefined, []]);
      });
    });

    describe('has members', () => {
      it('that are primitives, and compared as a Set compares them', async () => {
        const members = [1, '1', 1n, true, null, undefined, NaN, '', '\0', '\0p1/1/default', '__proto__', 0];
        const { set } = await make([...members, -0, NaN]);
        expect(await set.values()).toEqual(members);
        for (const member of members) expect(await set.has(member)).toBe(true);
      });

      it('that are proxies, found by their object', async () => {
        const [one, other] = [await manager.create(Coin, 1), await manager.create(Coin, 2)];
        const { set } = await make([one]);
        await set.add(manager.dup(one));
        expect(await set.size()).toBe(1);
        expect(await set.has(manager.dup(one))).toBe(true);
        expect(await set.has(other)).toBe(false);
        const [member] = (await set.union([other, one])) as Set<SharedProxy<Coin>>;
        expect(await member?.worth()).toBe(1);
        expect(await set.isDisjointFrom([other])).toBe(true);
        await set.remove(one);
        expect(await set.size()).toBe(0);
      });

      it.each([{}, [1], new Map(), new Date(0)])('and refuses %p as one', async (odd) => {
        const member = odd as never;
        for (const change of [
          (set: AnySet) => set.add(member),
          (set: AnySet) => set.has(member),
          (set: AnySet) => set.delete(member),
          (set: AnySet) => set.remove(member),
        ]) {
          expect(await fails([1], change)).toMatchObject({
            name: 'TypeError',
            message: expect.stringMatching(/^\w+\(\) takes a primitive or a proxy as a member, got /),
          });
        }
      });
    });

    describe.each(MEMBERS)('with others: %s()', (member, result, content) => {
      const plain = (given: unknown): unknown => (given instanceof Set ? [...given] : given);

      it('takes data that can be iterated', async () => {
        for (const other of [[3, 4], new Set([3, 4]), [4, 3, 3], new Uint8Array([3, 4])]) {
          const [given, now] = await after([1, 2, 3], (set) => call(set, member, other));
          expect([plain(given), now]).toEqual([result, content]);
          expect(given instanceof Set).toBe(Array.isArray(result));
        }
      });

      it('takes another container, and itself', async () => {
        const { proxy: other } = await make([3, 4]);
        const [given, now] = await after([1, 2, 3], (set) => call(set, member, other));
        expect([plain(given), now]).toEqual([result, content]);

        const { set, proxy } = await make([1, 2, 3]);
        const [mine, model] = [
          await call(set, member, proxy),
          await call((await make([1, 2, 3])).set, member, [1, 2, 3]),
        ];
        expect(mine).toEqual(model);
      });

      it('takes nothing that can be no member, and changes nothing then', async () => {
        const coin = await manager.create(Coin);
        for (const other of [undefined, null, 3, {}, [3, {}], new Map([[3, 4]]), coin]) {
          const error = await fails([1, 2, 3], (set) => call(set, member, other));
          expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining(`${member}()`) });
        }
      });
    });

    it('takes many others where Python does', async () => {
      const { set } = await make([1, 2, 3, 4]);
      expect(await set.union([5], [6], new Set([1]))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
      expect(await set.intersection([1, 2], [2, 3])).toEqual(new Set([2]));
      expect(await set.difference([1], [2])).toEqual(new Set([3, 4]));
      for (const member of ['union', 'intersection', 'difference'] as const) {
        expect(await set[member]()).toEqual(new Set([1, 2, 3, 4]));
      }
      await set.update([5], [6]);
      await set.differenceUpdate([1], [6]);
      await set.intersectionUpdate([2, 3, 5], [3, 5, 7]);
      await set.update();
      await set.intersectionUpdate();
      await set.differenceUpdate();
      expect(await set.values()).toEqual([3, 5]);
    });

    it('is compared to others', async () => {
      const { set, proxy } = await make([1, 2]);
      expect(await set.isSubsetOf([1, 2, 3])).toBe(true);
      expect(await set.isSubsetOf(proxy)).toBe(true);
      expect(await set.isSubsetOf([1])).toBe(false);
      expect(await set.isSupersetOf([1])).toBe(true);
      expect(await set.isSupersetOf([])).toBe(true);
      expect(await set.isSupersetOf([1, 3])).toBe(false);
      expect(await set.isDisjointFrom([3])).toBe(true);
      expect(await set.isDisjointFrom([2])).toBe(false);
    });

    it('is iterated in the order in which members came', async () => {
      const { set } = await make([3, 1, undefined]);
      const seen: unknown[] = [];
      for await (const member of set) seen.push(member);
      expect(seen).toEqual([3, 1, undefined]);
    });
  });

  describe('a set', () => {
    it('is iterated as it was when the iteration began', async () => {
      const set = await manager.create(SharedSet<number>, [1, 2, 3]);
      const seen: number[] = [];
      for await (const member of set) {
        seen.push(member);
        if (member === 1) await set.clear();
        await set.add(member + 10);
      }
      expect(seen).toEqual([1, 2, 3]);
      expect(await set.values()).toEqual([11, 12, 13]);
    });

    it('gives back the members that a loop did not get to', async () => {
      const coins = await Promise.all([1, 2, 3].map((worth) => manager.create(Coin, worth)));
      const set = await manager.create(SharedSet<SharedProxy<Coin>>, coins);
      for (const coin of coins) await manager.release(coin);
      for await (const coin of set) {
        await manager.release(coin);
        break;
      }
      await set.clear();
      await untilObjects(manager, 1);
    });

    it('takes what an application can iterate', async () => {
      const set = await manager.create(SharedSet<number>);
      await set.update([1, 2, 3].values(), new Map([[4, 'four']]).keys());
      expect(await set.intersection(new Set([2, 4]).values())).toEqual(new Set([2, 4]));
      expect(await set.isSupersetOf([1].values())).toBe(true);
    });

    it('takes a member of many who race to add it once', async () => {
      const set = await manager.create(SharedSet<number>);
      const theirs = await bench.other.redeem<SharedSet<number>>(await manager.ticket(set));
      await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? set : theirs).add(i % 10)));
      const taken = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? set : theirs).delete(i % 10)));
      expect(taken.filter(Boolean)).toHaveLength(10);
    });
  });

  describe('of the proxies in it a set holds', () => {
    it('each once, for as long as it is a member', async () => {
      const [one, other] = [await manager.create(Coin, 1), await manager.create(Coin, 2)];
      const set = await manager.create(SharedSet<SharedProxy<Coin>>, [one, one]);
      await set.add(one);
      await set.update([one, other], set);
      await untilStored(manager, 2);
      await manager.release(one);
      await manager.release(other);
      const out = await set.pop();
      await untilStored(manager, 1);
      expect(await out.worth()).toBe(2);
    });

    it.each<[string, (set: SharedProxy<SharedSet>, coin: SharedProxy<Coin>) => Promise<unknown>]>([
      ['delete()', (set, coin) => set.delete(coin)],
      ['remove()', (set, coin) => set.remove(coin)],
      ['pop()', (set) => set.pop()],
      ['clear()', (set) => set.clear()],
      ['intersectionUpdate()', (set) => set.intersectionUpdate([1])],
      ['differenceUpdate()', (set, coin) => set.differenceUpdate([coin])],
      ['differenceUpdate() with itself', (set) => set.differenceUpdate(set)],
      ['symmetricDifferenceUpdate()', (set, coin) => set.symmetricDifferenceUpdate([coin, 1])],
    ])('none that was taken out by %s', async (_, change) => {
      const coin = await manager.create(Coin);
      const set = await manager.create(SharedSet, [coin]);
      await untilStored(manager, 1);
      await change(set, coin);
      await untilStored(manager, 0);
    });

    it('nothing that was only compared, or given', async () => {
      const coin = await manager.create(Coin);
      const set = await manager.create(SharedSet);
      await set.isSubsetOf([coin]);
      const [given] = (await set.union([coin])) as Set<SharedProxy<Coin>>;
      await failure(set.update([coin, {} as never]));
      await failure(manager.create(SharedSet, [coin, {}] as never));
      await untilStored(manager, 0);
      await manager.release(coin);
      await manager.release(given as SharedProxy<Coin>);
      await untilObjects(manager, 1);
    });

    it('none when it is gone, though it is a member of itself', async () => {
      const coin = await manager.create(Coin);
      const set = await manager.create(SharedSet, [coin]);
      await set.add(set);
      await manager.release(coin);
      await manager.release(set);
      await untilObjects(manager, 0);
    });
  });
}
