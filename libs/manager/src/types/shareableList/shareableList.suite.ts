import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { KeyNotFoundError, StateError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilObjects } from '../support/counted.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { ShareableList } from './referent.js';
import type { ShareableItem } from './slots.js';

/** The classes of users that these tests need at their server. */
export const shareableListSuiteTypes = visitorTypes;

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** What a shareable list does, wherever its server and its applications are, on one machine. */
export function shareableListBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  describe.each(ways)('a shareable list, called by %s', (way) => {
    const made = async (...values: ShareableItem[]): Promise<SharedProxy<ShareableList>> =>
      by(way, manager, await manager.shareableList(values));

    it('gives items by index, counted from the end where it is negative', async () => {
      const list = await made(10, 'twenty', 30);
      expect(await list.at(0)).toBe(10);
      expect(await list.at(1)).toBe('twenty');
      expect(await list.at(-1)).toBe(30);
      expect(await list.at(-3)).toBe(10);
      expect(await list.length()).toBe(3);
      for (const index of [3, -4, 2 ** 53, Infinity, -Infinity]) expect(await list.at(index)).toBeUndefined();
    });

    it.each([
      ['integers', [0, 1, -1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER], 'int64'],
      ['bigints beyond numbers', [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)], 'int64'],
      ['other numbers', [0.1, -0, NaN, Infinity, -Infinity, 2 ** 53, 1e300, 5e-324], 'float64'],
      ['booleans', [true, false], 'boolean'],
      ['null', [null], 'null'],
      ['strings', ['', 'a', 'é', '😀', 'a\0', '\0\0', 'seven b', 'eight by', 'x'.repeat(10_000)], 'string'],
      ['bytes', [Buffer.from(''), Buffer.from('a\0\0'), Buffer.alloc(10_000, 7)], 'bytes'],
    ])('has %s as they were', async (_what, values, format) => {
      const list = await made(...values);
      for (const [index, value] of values.entries()) expect(await list.at(index)).toEqual(value);
      expect(await all(list)).toEqual(values);
      expect(await list.toCopy()).toEqual(values);
      expect(await list.format()).toEqual(values.map(() => format));
      for (const [index, value] of values.entries()) await list.set(index, value);
      expect(await all(list)).toEqual(values);
    });

    it('gives a bigint back as a number where that is exact', async () => {
      const list = await made(5n, 2n ** 60n);
      expect(await all(list)).toEqual([5, 2n ** 60n]);
      await list.set(1, -7n);
      expect(await list.at(1)).toBe(-7);
    });

    it('has room for any short item where any other was', async () => {
      const list = await made(null, true, 1, 2.5, '', Buffer.from('x'));
      for (const value of [0.5, 'eight by', 2n ** 63n - 1n, false, null, Buffer.from('12345678')]) {
        for (let index = 0; index < 6; index++) await list.set(index, value);
        expect(await all(list)).toEqual([value, value, value, value, value, value]);
      }
    });

    it('keeps no more memory of an item than that has', async () => {
      const list = await made(...Array.from({ length: 4 }, () => Buffer.alloc(10_000)));
      const items: unknown[] = [];
      for await (const item of list) items.push(item);
      for (const item of items) expect((item as Buffer).buffer.byteLength).toBeLessThan(20_000);
    });

    it('counts the room of a slot in bytes of UTF-8, and leaves as it was what does not fit', async () => {
      const list = await made('éééé', 1);
      await list.set(0, '0123456789abcdef');
      await list.set(0, 'éééééééé');
      for (const [index, value, message] of [
        [0, 'ééééééééé', 'The value for set() has 18 bytes in UTF-8, and slot 0 has room for 16.'],
        [0, Buffer.alloc(17), 'The value for set() has 17 bytes, and slot 0 has room for 16.'],
        [-1, '123456789', 'The value for set() has 9 bytes in UTF-8, and slot 1 has room for 8.'],
      ] as const) {
        const error = await failure(list.set(index, value));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toBe(message);
      }
      expect(await all(list)).toEqual(['éééééééé', 1]);
    });

    it.each([
      ['undefined', undefined, TypeError],
      ['an object', {}, TypeError],
      ['an array', [1], TypeError],
      ['a date', new Date(0), TypeError],
      ['wider elements', Uint16Array.of(1), TypeError],
      ['half a pair', 'a\ud800', TypeError],
      ['a bigint of 65 bits', 2n ** 63n, RangeError],
      ['a negative one', -(2n ** 63n) - 1n, RangeError],
    ])('stores no such thing: %s', async (_what, value, type) => {
      const list = await made('0123456789');
      const error = await failure(list.set(0, value as never));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(/^The value for set\(\) (must be|has half)/);
      const never = await failure(manager.shareableList([1, value as never]));
      expect(never).toBeInstanceOf(type);
      expect(never.message).toMatch(/^Item 1 of a shareable list (must be|has half)/);
      expect(await all(list)).toEqual(['0123456789']);
    });

    it('has no item to set at another index, nor at what is none', async () => {
      const list = await made(1, 2);
      for (const index of [2, -3, Infinity]) {
        const error = await failure(list.set(index, 1));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toBe(`set() was given the index ${index}, and there are 2 items.`);
      }
      for (const index of ['0', 1.5, NaN, null, undefined]) {
        expect(await failure(list.set(index as number, 1))).toBeInstanceOf(TypeError);
        expect(await failure(list.at(index as number))).toBeInstanceOf(TypeError);
      }
    });

    it('finds and counts items by what they are', async () => {
      const bytes = Buffer.from('ab');
      const list = await made(1, '1', true, null, 1.5, 2n ** 60n, bytes, 1, NaN, -0);
      for (const [value, index, count] of [
        [1, 0, 2],
        [1n, 0, 2],
        ['1', 1, 1],
        [true, 2, 1],
        [null, 3, 1],
        [1.5, 4, 1],
        [2n ** 60n, 5, 1],
        [Uint8Array.from(bytes), 6, 1],
        [NaN, 8, 1],
        [0, 9, 1],
        [2, -1, 0],
        ['ab', -1, 0],
        [false, -1, 0],
      ] as const) {
        expect([value, await list.indexOf(value), await list.count(value)]).toEqual([value, index, count]);
      }
      expect(await list.indexOf({} as never)).toBe(-1);
    });

    it('tells what each slot has now', async () => {
      const list = await made(1, 1, 1, 1, 1, 1);
      for (const [index, value] of [null, true, 7n, 0.5, 'a', Buffer.from('b')].entries()) await list.set(index, value);
      expect(await list.format()).toEqual(['null', 'boolean', 'int64', 'float64', 'string', 'bytes']);
    });

    it('may have nothing in it', async () => {
      const list = await made();
      expect([await list.length(), await all(list), await list.indexOf(1), await list.format()]).toEqual([
        0,
        [],
        -1,
        [],
      ]);
      expect(await list.at(0)).toBeUndefined();
    });

    it('may have very many items', async () => {
      const values = Array.from({ length: 20_000 }, (_, i) => (i % 3 ? i : `item ${i}`));
      const list = await made(...values);
      expect(await list.indexOf(19_999)).toBe(19_999);
      expect(await list.count('item 9999')).toBe(1);
      expect(await all(list)).toEqual(values);
    });
  });

  it.each([
    ['a Set', () => new Set([1, 2, 3])],
    ['a generator', () => [1, 2, 3].values()],
    ['bytes', () => Buffer.from([1, 2, 3])],
    ['the proxy of a list', () => manager.list([1, 2, 3])],
    ['the proxy of a shareable list', () => manager.shareableList([1, 2, 3])],
  ])('a shareable list is made of %s', async (_what, values) => {
    expect(await all(await manager.shareableList((await values()) as Iterable<number>))).toEqual([1, 2, 3]);
  });

  it.each([[5], [{}], [null], [undefined], [() => 1]])('a shareable list is not made of %p', async (values) => {
    expect(await failure(manager.shareableList(values as never))).toHaveProperty('name');
    expect(await manager.numberOfObjects()).toBe(0);
  });

  it('applications see what others set, of a list that they attached to by its name', async () => {
    const mine = await manager.shareableList([1, 'two   '], { name: 'numbers' });
    const theirs = await other.shareableList({ name: 'numbers' });
    await theirs.set(0, 'one');
    await mine.set(1, 2);
    expect(await all(mine)).toEqual(['one', 2]);
    expect(await all(theirs)).toEqual(['one', 2]);
    expect(await manager.copyOf(mine)).toEqual(['one', 2]);
    const taken = await failure(other.shareableList([1], { name: 'numbers' }));
    expect(taken).toBeInstanceOf(StateError);
    const named = await other.named('numbers').shareableList([]);
    expect(await named.length()).toBe(2);
    expect(await failure(other.shareableList({ name: 'other numbers' }))).toBeInstanceOf(KeyNotFoundError);
    // Names belong to a typeid.
    expect(await failure(other.sharedMemory({ name: 'numbers' }))).toBeInstanceOf(KeyNotFoundError);
  });

  it('a shareable list is closed and unlinked as a block is, and goes with its last reference', async () => {
    const list = await manager.shareableList([1, 2]);
    const second = await other.shareableList<number>({ name: (await list.name()) as string });
    await list.close();
    expect(await failure(list.at(0))).toBeInstanceOf(StateError);
    expect(await second.unlink()).toBe(true);
    expect(await second.at(1)).toBe(2);
    expect(await second.size()).toBeGreaterThan(0);
    await Promise.all([manager.release(list), other.release(second)]);
    await untilObjects(manager, 0);
  });
}
