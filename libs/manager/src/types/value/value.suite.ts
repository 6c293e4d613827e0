import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Manager } from '../index.js';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Value } from './referent.js';

/** The classes of users that these tests need at their server. */
export const valueSuiteTypes = visitorTypes;

/** What a `value` does, wherever its server and its applications are. */
export function valueBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager } = bench);
  });
  afterEach(() => bench.close());

  describe.each(ways)('a value, called by %s', (way) => {
    const made = async <T>(initial: T): Promise<SharedProxy<Value<T>>> =>
      by(way, manager, await manager.value(initial));

    it.each([
      ['nothing', undefined],
      ['null', null],
      ['a number', -0],
      ['NaN', NaN],
      ['a bigint', 2n ** 100n],
      ['a string', 'x'],
      ['an object', { a: [1, { b: new Date(5) }] }],
      ['a Map', new Map([[{ k: 1 }, new Set([2])]])],
      ['bytes', new Uint8Array([1, 2])],
    ])('has %s', async (_what, given: unknown) => {
      const value = await made(given);
      expect(await value.get()).toEqual(given);
      expect(await value.toCopy()).toEqual(given);
      const other = await made<unknown>(0);
      expect(await other.set(given)).toBeUndefined();
      expect(await other.get()).toEqual(given);
    });

    it('gives copies: what was read changes nothing until it is put back', async () => {
      const value = await made({ tags: ['a'] });
      const read = await value.get();
      read.tags.push('b');
      expect(await value.get()).toEqual({ tags: ['a'] });
      await value.set(read);
      read.tags.push('c');
      expect(await value.get()).toEqual({ tags: ['a', 'b'] });
    });

    it('adds numbers, and gives the sum', async () => {
      const value = await made(1);
      expect(await value.add(2)).toBe(3);
      expect(await value.add(-0.5)).toBe(2.5);
      expect(await value.add(0)).toBe(2.5);
      expect(await value.add(Infinity)).toBe(Infinity);
      expect(await value.get()).toBe(Infinity);
    });

    it('adds bigints, and gives the sum', async () => {
      const value = await made(2n ** 64n);
      expect(await value.add(1n)).toBe(2n ** 64n + 1n);
      expect(await value.add(-(2n ** 65n))).toBe(1n - 2n ** 64n);
    });

    it.each([
      [1, '1', TypeError, "add() takes a number or a bigint, got '1'."],
      [1, undefined, TypeError, 'add() takes a number or a bigint, got undefined.'],
      [1, NaN, TypeError, 'add() takes a number or a bigint, got NaN.'],
      [1, 2n, TypeError, 'add() cannot add the bigint 2n to a number: convert one of them.'],
      [1n, 2, TypeError, 'add() cannot add the number 2 to a bigint: convert one of them.'],
      ['1', 1, TypeError, "add() needs a value that is a number or a bigint, and this one is '1'."],
      [{ a: 1 }, 1, TypeError, 'add() needs a value that is a number or a bigint, and this one is { a: 1 }.'],
      [2n ** 32767n - 1n, 1n, RangeError, 'The sum is a bigint of more than 4096 bytes, which no message carries.'],
      [-(2n ** 32767n), -1n, RangeError, 'The sum is a bigint of more than 4096 bytes, which no message carries.'],
    ])('refuses to add to %p what is %p, and is as it was', async (initial: unknown, n, type, message) => {
      const value = await made(initial);
      const error = await failure(value.add(n as never));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toBe(message);
      expect(await value.get()).toEqual(initial);
    });

    it('adds up to the largest bigint that a message carries', async () => {
      const value = await made(2n ** 32767n - 2n);
      expect(await value.add(1n)).toBe(2n ** 32767n - 1n);
    });

    it('loses no addition of many made at once', async () => {
      const value = await manager.value(0);
      const sides = [
        await by(way, manager, value),
        await bench.other.redeem<Value<number>>(await manager.ticket(value)),
      ];
      const sums = await Promise.all(Array.from({ length: 200 }, (_, i) => sides[i % 2]!.add(1)));
      expect(sums.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
      expect(await value.get()).toBe(200);
    });

    it('is replaced by compareAndSet where it is the same by structure, and only there', async () => {
      const value = await made<unknown>({ tags: new Set(['a']), at: new Date(1) });
      expect(await value.compareAndSet({ tags: new Set(['b']), at: new Date(1) }, 1)).toBe(false);
      expect(await value.compareAndSet({ at: new Date(1), tags: new Set(['a']) }, NaN)).toBe(true);
      expect(await value.compareAndSet(NaN, 0)).toBe(true);
      expect(await value.compareAndSet(0n, 1)).toBe(false);
      expect(await value.compareAndSet('0', 1)).toBe(false);
      expect(await value.compareAndSet(-0, undefined)).toBe(true);
      expect(await value.compareAndSet(null, 1)).toBe(false);
      expect(await value.compareAndSet(undefined, 'end')).toBe(true);
      expect(await value.get()).toBe('end');
    });

    it('lets one of many win that compare and set at once', async () => {
      const value = await made('free');
      const won = await Promise.all(Array.from({ length: 50 }, (_, i) => value.compareAndSet('free', `mine ${i}`)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await value.get()).toBe(`mine ${won.indexOf(true)}`);
    });

    it('compares proxies by their objects', async () => {
      const [one, other] = [await manager.create(Coin, 1), await manager.create(Coin, 1)];
      const value = await made<unknown>({ coin: one });
      expect(await value.compareAndSet({ coin: other }, 0)).toBe(false);
      expect(await value.compareAndSet({ coin: manager.dup(one) }, 0)).toBe(true);
    });

    it('holds the proxies in it, and lets go of those that are overwritten', async () => {
      const coin = await manager.create(Coin, 5);
      const value = await made<unknown>({ coins: [coin, coin], m: new Map([['k', coin]]) });
      const objects = await manager.numberOfObjects();
      await manager.release(coin);
      expect(await manager.numberOfObjects()).toBe(objects);
      const { coins } = (await value.get()) as { coins: SharedProxy<Coin>[] };
      expect(await coins[0]?.worth()).toBe(5);
      await manager.release(coins[0]!);
      expect(await value.compareAndSet(1, 2)).toBe(false);
      expect(await manager.numberOfObjects()).toBe(objects);
      await value.set(0);
      expect(await manager.numberOfObjects()).toBe(objects - 1);
    });

    it('holds what it is set to, once, and what stays through a change', async () => {
      const coin = await manager.create(Coin, 5);
      const value = await made<unknown>(0);
      const objects = await manager.numberOfObjects();
      await value.set(coin);
      await value.set([coin]);
      expect(await value.compareAndSet([coin], { coin })).toBe(true);
      await manager.release(coin);
      expect(await manager.numberOfObjects()).toBe(objects);
      const { servers } = await manager.debugInfo();
      const held = servers.flatMap((server) => server.objects).find(({ typeid }) => typeid === 'suite.Coin');
      expect(held?.holders).toMatchObject([{ kind: 'object', object: { typeid: 'value' } }]);
      const { coin: again } = (await value.get()) as { coin: SharedProxy<Coin> };
      expect(await again.worth()).toBe(5);
      await manager.release(again);
      expect(await value.compareAndSet({ coin: 1 }, 1)).toBe(false);
      await value.set(undefined);
      expect(await manager.numberOfObjects()).toBe(objects - 1);
    });

    it('gives back a proxy that the same application put in', async () => {
      const coin = await manager.create(Coin, 3);
      const value = await made<SharedProxy<Coin>>(coin);
      const read = await value.get();
      expect(manager.token(read)).toEqual(manager.token(coin));
    });
  });

  describe('a value', () => {
    it('is one for several applications, under a name', async () => {
      const here = await manager.named('total').value(1);
      const there = await bench.other.named('total').value(100);
      await here.add(1);
      expect(await there.add(1)).toBe(3);
    });

    it('lets go of what it holds when it is freed', async () => {
      const value = await manager.value<unknown>(await manager.create(Coin));
      const [coin] = [await value.get()] as [SharedProxy<Coin>];
      await manager.release(coin);
      const others = await manager.numberOfObjects();
      await manager.release(value);
      expect(await manager.numberOfObjects()).toBeLessThan(others);
    });

    it('may hold itself', async () => {
      const value = await manager.value<unknown>(0);
      await value.set({ me: value });
      const { me } = (await value.get()) as { me: SharedProxy<Value<unknown>> };
      expect(manager.token(me)).toEqual(manager.token(value));
      expect(await me.compareAndSet({ me: value }, 'free')).toBe(true);
      expect(await value.get()).toBe('free');
    });

    it('is copied by copyOf', async () => {
      expect(await manager.copyOf(await manager.value([1, 2]))).toEqual([1, 2]);
    });
  });
}
