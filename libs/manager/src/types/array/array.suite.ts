import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import type { SharedArray } from './referent.js';
import type { ArrayInput, Typecode } from './typecodes.js';

/** The classes of users that these tests need at their server. */
export const arraySuiteTypes = visitorTypes;

/** Of each code: the least and the most it has room for. */
const BOUNDS: [Typecode, number | bigint, number | bigint][] = [
  ['b', -128, 127],
  ['B', 0, 255],
  ['h', -32_768, 32_767],
  ['H', 0, 65_535],
  ['i', -(2 ** 31), 2 ** 31 - 1],
  ['I', 0, 2 ** 32 - 1],
  ['l', -(2n ** 63n), 2n ** 63n - 1n],
  ['L', 0n, 2n ** 64n - 1n],
  ['q', -(2n ** 63n), 2n ** 63n - 1n],
  ['Q', 0n, 2n ** 64n - 1n],
];

/** What an `array` does, wherever its server and its applications are. */
export function arrayBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager } = bench);
  });
  afterEach(() => bench.close());

  describe.each(ways)('an array, called by %s', (way) => {
    const made = async <C extends Typecode>(
      code: C,
      values: Iterable<ArrayInput<C>>,
    ): Promise<SharedProxy<SharedArray<C>>> => by(way, manager, await manager.array(code, values));
    /** For what the compiler would not take. */
    const loose = (code: Typecode, values: unknown): Promise<SharedProxy<SharedArray<'i'>>> =>
      made(code as 'i', values as number[]);

    it('gives items by index, counted from the end where it is negative', async () => {
      const array = await made('i', [10, 20, 30]);
      expect(await array.at(0)).toBe(10);
      expect(await array.at(-1)).toBe(30);
      expect(await array.at(-3)).toBe(10);
      expect(await array.length()).toBe(3);
    });

    it('has nothing past either end', async () => {
      const array = await made('i', [10, 20, 30]);
      for (const index of [3, -4, 2 ** 53, Infinity, -Infinity]) expect(await array.at(index)).toBeUndefined();
    });

    it('sets items by index', async () => {
      const array = await made('d', [1, 2, 3]);
      expect(await array.set(1, 2.5)).toBeUndefined();
      await array.set(-1, NaN);
      expect(await array.toCopy()).toEqual([1, 2.5, NaN]);
    });

    it.each([3, -4, Infinity])('has no item to set at %p', async (index) => {
      const array = await made('i', [10, 20, 30]);
      const error = await failure(array.set(index, 1));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toBe(`set() was given the index ${index}, and there are 3 items.`);
      expect(await array.toCopy()).toEqual([10, 20, 30]);
    });

    it.each(['0', 1.5, NaN, 1n, null, undefined, [0]])('has no index %p', async (index: unknown) => {
      const array = await made('i', [10, 20, 30]);
      for (const call of [array.at(index as number), array.set(index as number, 1)]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/^(at|set)\(\) takes an integer as its index, got /);
      }
      expect(await array.toCopy()).toEqual([10, 20, 30]);
    });

    it.each([
      [[], [1, 2, 3, 4]],
      [[1], [2, 3, 4]],
      [
        [1, 3],
        [2, 3],
      ],
      [[-2], [3, 4]],
      [
        [-3, -1],
        [2, 3],
      ],
      [[3, 1], []],
      [
        [-100, 100],
        [1, 2, 3, 4],
      ],
      [
        [undefined, 2],
        [1, 2],
      ],
      [
        [0, Infinity],
        [1, 2, 3, 4],
      ],
    ] as [number[], number[]][])('gives slice(...%j) as a plain array', async (args, expected) => {
      const slice = await (await made('H', [1, 2, 3, 4])).slice(...args);
      expect(Array.isArray(slice)).toBe(true);
      expect(slice).toEqual(expected);
    });

    it('fills a part of it, or all', async () => {
      const array = await made('B', [1, 2, 3, 4]);
      expect(await array.fill(9, 1, 3)).toBeUndefined();
      expect(await array.toCopy()).toEqual([1, 9, 9, 4]);
      await array.fill(7, -1);
      expect(await array.toCopy()).toEqual([1, 9, 9, 7]);
      await array.fill(0);
      expect(await array.toCopy()).toEqual([0, 0, 0, 0]);
      await array.fill(5, 3, 1);
      expect(await array.toCopy()).toEqual([0, 0, 0, 0]);
    });

    it.each([
      ['slice', ['1']],
      ['slice', [0, 1.5]],
      ['fill', [1, NaN]],
      ['fill', [1, 0, null]],
    ] as [string, unknown[]][])('refuses %s with %j', async (member, args) => {
      const array = await made('i', [1, 2]);
      const error = await failure(
        (array as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[member]!(...args),
      );
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(new RegExp(`^${member}\\(\\) takes an integer as its index, got `));
      expect(await array.toCopy()).toEqual([1, 2]);
    });

    it.each(BOUNDS)('has room in %p for %p to %p', async (code, least, most) => {
      const array = await loose(code, [least, most, 1]);
      const one = typeof most === 'bigint' ? 1n : 1;
      expect(await array.toCopy()).toEqual([least, most, one]);
      const step = one as number;
      for (const [value, refused] of [
        [least, (least as number) - step],
        [most, (most as number) + step],
      ]) {
        await array.set(2, value as number);
        for (const call of [
          array.set(2, refused as number),
          array.fill(refused as number),
          loose(code, [0, refused]),
        ]) {
          const error = await failure(call);
          expect(error).toBeInstanceOf(RangeError);
          expect(error.message).toMatch(/must be from -?\d+ to \d+, got -?\d+n?\.$/);
        }
        expect(await array.toCopy()).toEqual([least, most, value]);
      }
    });

    it.each(BOUNDS.map(([code]) => code))('takes nothing but integers for %p', async (code) => {
      const array = await loose(code, [1]);
      const [before] = await array.toCopy();
      for (const value of [1.5, NaN, Infinity, '1', true, null, undefined, [1], new Date(1)]) {
        for (const call of [array.set(0, value as number), array.fill(value as number), loose(code, [value])]) {
          const error = await failure(call);
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(/^(The value for (set|fill)\(\)|Item 0 of an array '.') must be an integer, /);
        }
      }
      expect(await array.toCopy()).toEqual([before]);
    });

    it('takes no bigint where items are numbers', async () => {
      const array = await made('i', [1]);
      await expect(array.set(0, 2n as never)).rejects.toThrow('The value for set() must be an integer, got 2n.');
      const floats = await made('d', [1]);
      await expect(floats.set(0, 2n as never)).rejects.toThrow('The value for set() must be a number, got 2n.');
    });

    it('takes numbers for bigints as far as they are exact', async () => {
      const array = await made('q', [1, -2, 3n]);
      expect(await array.toCopy()).toEqual([1n, -2n, 3n]);
      await array.set(0, Number.MAX_SAFE_INTEGER);
      expect(await array.at(0)).toBe(2n ** 53n - 1n);
      const error = await failure(array.set(0, 2 ** 53));
      expect(error).toBeInstanceOf(RangeError);
      expect(error.message).toMatch(
        /^The value for set\(\) is the number 9007199254740992, .*: give it as a bigint\.$/,
      );
    });

    it('has floats of 8 bytes as they are, and of 4 bytes rounded', async () => {
      const values = [0.1, -0, NaN, Infinity, -Infinity, 1e300];
      expect(await (await made('d', values)).toCopy()).toEqual(values);
      expect(await (await made('f', values)).toCopy()).toEqual(values.map(Math.fround));
      await expect(loose('f', ['0.5'])).rejects.toThrow("Item 0 of an array 'f' must be a number, got '0.5'.");
    });

    it.each(['u', 'w'] as const)('has characters in %p', async (code) => {
      const array = await made(code, 'aé😀');
      expect(await array.toCopy()).toEqual(['a', 'é', '😀']);
      expect(await array.length()).toBe(3);
      await array.set(0, '\u{10FFFF}');
      await array.fill('\ud800', 1, 2);
      expect(await array.slice()).toEqual(['\u{10FFFF}', '\ud800', '😀']);
      for (const value of ['', 'ab', 5, null, ['a']]) {
        const error = await failure(array.set(0, value as string));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/^The value for set\(\) must be a string of one character, got /);
      }
      expect(await array.at(0)).toBe('\u{10FFFF}');
    });

    it('is iterated as it is when it is the turn of each item', async () => {
      const array = await made('w', 'abc');
      const items: string[] = [];
      for await (const item of array) items.push(item);
      expect(items).toEqual(['a', 'b', 'c']);
      for await (const item of await made('i', [])) throw new Error(`${item} came of nothing`);
    });
  });

  describe('an array', () => {
    it.each([
      ['an array', [1, 2, 3]],
      ['a Set', new Set([1, 2, 3])],
      ['a typed array', Float64Array.of(1, 2, 3)],
      ['bytes', Buffer.from([1, 2, 3])],
      ['bytes of bigints', BigInt64Array.of(1n, 2n, 3n)],
    ])('is made of %s', async (_what, values) => {
      expect(await (await manager.array('q', values)).toCopy()).toEqual([1n, 2n, 3n]);
    });

    it('is made of what another container has', async () => {
      const list = await manager.list([1, 2, 3]);
      const array = await manager.array('h', list);
      const again = await manager.array('d', array);
      await list.push(4);
      await array.set(0, 9);
      expect(await again.toCopy()).toEqual([1, 2, 3]);
    });

    it.each([
      ['size', 5, /: for as many zeros, new Array\(5\)\.fill\(0\)\.$/],
      ['nothing', undefined, /: got undefined\.$/],
      ['null', null, /: got null\.$/],
      ['object', { 0: 1, length: 1 }, /: got \{.*\}\.$/],
      ['text', '123', /^Item 0 of an array 'i' must be an integer, got '1'\.$/],
      ['Map', new Map([[1, 2]]), /^Item 0 of an array 'i' must be an integer, got \[ 1, 2 \]\.$/],
      ['hole', Object.assign([1], { 2: 3 }), /^Item 1 of an array 'i' must be an integer, got undefined\.$/],
    ])('is not made of a %s', async (_what, values: unknown, message) => {
      const objects = await manager.numberOfObjects();
      const error = await failure(manager.array('i', values as number[]));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(message);
      expect(await manager.numberOfObjects()).toBe(objects);
    });

    it('is not made of a proxy of something else', async () => {
      const error = await failure(manager.array('i', (await manager.create(Coin)) as never));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/suite\.Coin/);
    });

    it('knows the typecodes of Python and no others', async () => {
      for (const code of ['x', 'ii', '', '__proto__', 'c']) {
        const error = await failure(manager.array(code as 'i', [1]));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toMatch(/^An array has one of the typecodes b B u w h H i I l L q Q f d, got '/);
      }
      for (const code of [105, null, undefined, ['i']]) {
        const error = await failure(manager.array(code as unknown as 'i', [1]));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/^The typecode of an array is one of the letters b B /);
      }
    });

    it('is iterated live: what changes before its turn is seen', async () => {
      const array = await manager.array('i', [1, 2, 3]);
      const seen: number[] = [];
      for await (const item of array) {
        seen.push(item);
        await array.fill(item * 10);
      }
      expect(seen).toEqual([1, 10, 100]);
    });

    it('may be left in the middle of an iteration, which leaves nothing behind', async () => {
      const array = await manager.array('i', [1, 2, 3]);
      for await (const item of array) if (item === 2) break;
      expect(await manager.numberOfObjects()).toBe(1);
    });

    it('gives copies: what was read changes nothing until it is put back', async () => {
      const array = await manager.array('B', [1, 2]);
      (await array.slice())[0] = 9;
      (await manager.copyOf(array))[0] = 9;
      expect(await array.toCopy()).toEqual([1, 2]);
    });

    it('is one for several applications, under a name', async () => {
      const here = await manager.named('seats').array('B', [0, 0]);
      const there = await bench.other.named('seats').array('B', [5, 5, 5]);
      await here.set(1, 1);
      expect(await there.toCopy()).toEqual([0, 1]);
    });

    it('holds as many items as a message carries', async () => {
      const values = Array.from({ length: 200_000 }, (_, index) => index / 2);
      const array = await manager.array('d', values);
      expect(await array.length()).toBe(200_000);
      expect(await array.toCopy()).toEqual(values);
    });
  });
}
