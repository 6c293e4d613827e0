import { describe, expect, it } from '@jest/globals';
import type { SortOptions } from './client.js';
import { sorted } from './sorted.js';

const sort = (items: unknown[], options?: SortOptions): unknown[] => sorted(items, options);

describe('the order of', () => {
  it.each<[string, unknown[], unknown[]]>([
    ['numbers is their size', [10, 9, 1, -1, Infinity, 0.5], [-1, 0.5, 1, 9, 10, Infinity]],
    ['NaN is after every number', [NaN, 1, NaN, Infinity], [1, Infinity, NaN, NaN]],
    [
      'bigints and numbers is their size',
      [3n, 2.5, 2n, 2 ** 53, 2n ** 53n + 1n],
      [2n, 2.5, 3n, 2 ** 53, 2n ** 53n + 1n],
    ],
    ['strings is that of their code units', ['b', 'a', 'B', '10', '9', ''], ['', '10', '9', 'B', 'a', 'b']],
    ['booleans is false, true', [true, false, true], [false, true, true]],
    ['Dates is their time', [new Date(2), new Date(1)], [new Date(1), new Date(2)]],
    [
      'bytes is that of the first that differ',
      [Buffer.from('b'), Buffer.from('aa'), Buffer.from('a')],
      ['a', 'aa', 'b'].map((text) => Buffer.from(text)),
    ],
    [
      'arrays is that of the first items that differ',
      [[1, 'b'], [1], [0, 'z'], [1, 'a']],
      [[0, 'z'], [1], [1, 'a'], [1, 'b']],
    ],
    [
      'arrays goes past items without an order that are the same',
      [
        [null, { a: 1 }, 2],
        [null, { a: 1 }, 1],
      ],
      [
        [null, { a: 1 }, 1],
        [null, { a: 1 }, 2],
      ],
    ],
    [
      'arrays goes past 1 and 1n',
      [
        [1, 2],
        [1n, 1],
      ],
      [
        [1n, 1],
        [1, 2],
      ],
    ],
  ])('%s', (_, items, expected) => {
    expect(sort(items)).toEqual(expected);
    expect(sort(items, { reverse: true })).toHaveLength(items.length);
  });

  it('items of equal rank stays, in either direction', () => {
    const items = [1, 1n, 0, 1, -0, 1n];
    expect(sort(items)).toEqual([0, -0, 1, 1n, 1, 1n]);
    expect(sort(items, { reverse: true })).toEqual([1, 1n, 1, 1n, 0, -0]);
    const people = [
      { name: 'a', age: 2 },
      { name: 'b', age: 1 },
      { name: 'c', age: 2 },
    ];
    expect(sort(people, { key: 'age', reverse: true }).map((one) => (one as { name: string }).name)).toEqual([
      'a',
      'c',
      'b',
    ]);
  });
});

describe('there is no order', () => {
  it.each<[string, unknown[]]>([
    ['of numbers and strings', [1, 'a']],
    ['of numbers and booleans', [0, true]],
    ['of null', [null, null]],
    ['of undefined', [undefined, undefined]],
    ['of undefined among others', [1, undefined]],
    ['of objects', [{ a: 1 }, { a: 2 }]],
    ['of Maps', [new Map(), new Map()]],
    ['of Sets', [new Set(), new Set([1])]],
    [
      'of arrays whose first difference has none',
      [
        [1, null],
        [1, 2],
      ],
    ],
    ['of floats in typed arrays', [new Float64Array([1]), new Float64Array([2])]],
  ])('%s', (_, items) => {
    expect(() => sort(items)).toThrow(TypeError);
    expect(() => sort(items, { reverse: true })).toThrow(/^sort\(\) has no order for /);
  });

  it('but none is needed of a single item', () => {
    for (const item of [null, undefined, {}, [null]]) expect(sort([item])).toEqual([item]);
    expect(sort([])).toEqual([]);
  });
});

describe('the key', () => {
  it('is the path of a property', () => {
    const items = [
      { name: 'a', address: { city: 'Ulm', tags: ['y'] } },
      { name: 'b', address: { city: 'Aix', tags: ['z'] } },
      { name: 'c', address: { city: 'Bad', tags: ['x'] } },
    ];
    const names = (key: string): string[] => sort(items, { key }).map((one) => (one as { name: string }).name);
    expect(names('address.city')).toEqual(['b', 'c', 'a']);
    expect(names('address.tags')).toEqual(['c', 'a', 'b']);
    expect(names('address.tags.0')).toEqual(['c', 'a', 'b']);
    expect(sort(['ccc', 'a', 'bb'], { key: 'length' })).toEqual(['a', 'bb', 'ccc']);
    expect(
      sort(
        [
          [2, 'a'],
          [1, 'b'],
        ],
        { key: '0' },
      ),
    ).toEqual([
      [1, 'b'],
      [2, 'a'],
    ]);
  });

  it.each(['missing', 'a.missing', 'a.b.c', 'constructor.name', '__proto__', 'toString', ''])(
    'has to be there: %p',
    (key) => {
      expect(() => sort([{ a: { b: 1 } }], { key })).toThrow(TypeError);
      expect(() => sort([{ a: { b: 1 } }], { key })).toThrow(/in the item at 0/);
    },
  );

  it('is no property of null, undefined or a number', () => {
    for (const item of [null, undefined, 1, true]) expect(() => sort([item], { key: 'a' })).toThrow(TypeError);
  });

  it('is read, and nothing is run', () => {
    let ran = false;
    const item = Object.defineProperty({}, 'a', { enumerable: true, get: () => (ran = true) });
    expect(() => sort([item, item], { key: 'a' })).toThrow(TypeError);
    expect(ran).toBe(false);
  });

  it('may be called as things are that every object has', () => {
    const items = [JSON.parse('{"__proto__": 2, "constructor": 1}'), JSON.parse('{"__proto__": 1, "constructor": 2}')];
    expect(sort(items, { key: '__proto__' })).toEqual([items[1], items[0]]);
    expect(sort(items, { key: 'constructor' })).toEqual(items);
  });
});

it.each<unknown>([
  { key: 1 },
  { key: null },
  { reverse: 'yes' },
  { reverse: 1 },
  { descending: true },
  null,
  [],
  'a',
  new Map(),
])('%p is refused as its options', (options) => {
  const items = [2, 1];
  expect(() => sort(items, options as SortOptions)).toThrow(TypeError);
  expect(items).toEqual([2, 1]);
});
