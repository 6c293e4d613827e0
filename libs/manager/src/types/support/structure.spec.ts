import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sameValue } from './structure.js';

const cyclic = (...more: unknown[]): unknown => {
  const value: Record<string, unknown> = { more };
  value.self = [value, new Map([['deep', value]])];
  return value;
};

/** A value in which two paths lead from each level to the next. */
const doubled = (levels: number, leaf: unknown): unknown => {
  let value: unknown = leaf;
  for (let i = 0; i < levels; i++) value = [value, { again: value }, new Set([value])];
  return value;
};

describe('the same are', () => {
  it.each<[string, unknown, unknown]>([
    ['zeros of either sign', -0, 0],
    ['NaN and NaN', NaN, NaN],
    ['bigints of one size', 10n ** 30n, 10n ** 30n],
    ['arrays of the same items', [1, ['a']], [1, ['a']]],
    ['a hole and undefined', [, 1], [undefined, 1]],
    ['objects of the same fields, in any order', { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }],
    ['objects with odd names', JSON.parse('{"__proto__": [1]}'), JSON.parse('{"__proto__": [1]}')],
    ['an object without a prototype and one with', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [
      'Maps of the same entries, in any order',
      new Map([
        [1, 'a'],
        [NaN, 'b'],
      ] as never),
      new Map([
        [NaN, 'b'],
        [1, 'a'],
      ] as never),
    ],
    [
      'Maps with objects as keys',
      new Map([
        [{ a: 1 }, 1],
        [{ a: 1 }, 2],
      ]),
      new Map([
        [{ a: 1 }, 2],
        [{ a: 1 }, 1],
      ]),
    ],
    ['Sets of the same members, in any order', new Set([1, -0, 'a']), new Set(['a', 0, 1])],
    ['Sets of objects', new Set([{ a: 1 }, [2], 3]), new Set([3, [2], { a: 1 }])],
    ['Dates of one time', new Date(5), new Date(5)],
    ['Dates of no time', new Date(NaN), new Date(NaN)],
    ['regular expressions', /a+/gi, /a+/gi],
    ['bytes', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ['bytes and a Buffer', new Uint8Array([1, 2]), Buffer.from([1, 2])],
    ['bytes that are part of more', new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
    ['floats', new Float64Array([NaN, -0]), new Float64Array([NaN, 0])],
    ['bigint arrays', new BigInt64Array([1n]), new BigInt64Array([1n])],
    ['buffers', new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
    ['views', new DataView(new ArrayBuffer(3), 1), new DataView(new ArrayBuffer(2))],
    ['boxed primitives', Object(1), Object(1)],
    ['errors', new RangeError('a', { cause: [1] }), new RangeError('a', { cause: [1] })],
    ['values that contain themselves', cyclic(1), cyclic(1)],
  ])('%s', (_, a, b) => {
    expect(sameValue(a, b)).toBe(true);
    expect(sameValue(b, a)).toBe(true);
    expect(sameValue({ deep: [a] }, { deep: [b] })).toBe(true);
  });
});

describe('not the same are', () => {
  it.each<[string, unknown, unknown]>([
    ['a number and its string', 1, '1'],
    ['a number and a bigint', 1, 1n],
    ['null and undefined', null, undefined],
    ['false and 0', false, 0],
    ['null and an object', null, {}],
    ['an array and an object', [], {}],
    ['an array and one that is longer', [1], [1, 2]],
    ['an array in another order', [1, 2], [2, 1]],
    ['an undefined field and none', { a: undefined }, {}],
    ['an undefined field and another', { a: undefined }, { b: undefined }],
    ['a field of the prototype and an own one', { toString: undefined }, { valueOf: undefined }],
    ['Maps of other values', new Map([[1, 2]]), new Map([[1, 3]])],
    ['Maps of other keys', new Map([[1, undefined]]), new Map([[2, undefined]])],
    [
      'Maps that pair keys and values otherwise',
      new Map([
        [[1], 1],
        [[2], 2],
      ]),
      new Map([
        [[1], 2],
        [[2], 1],
      ]),
    ],
    ['Sets of other members', new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    ['Sets of primitives and of objects', new Set<unknown>([1, [1]]), new Set<unknown>([1, 2])],
    ['a Map and a Set', new Map(), new Set()],
    ['Dates of other times', new Date(5), new Date(6)],
    ['a Date and its number', new Date(5), 5],
    ['regular expressions with other flags', /a/, /a/g],
    ['bytes and an array', new Uint8Array([1]), [1]],
    ['bytes and floats', new Uint8Array(8), new Float64Array(1)],
    ['signed and unsigned bytes', new Int8Array(1), new Uint8Array(1)],
    ['other bytes', new Uint8Array([1]), new Uint8Array([2])],
    ['a boxed primitive and a primitive', Object(1), 1],
    ['boxed primitives of other kinds', Object(1), Object('1')],
    ['errors of other classes', new RangeError('a'), new TypeError('a')],
    ['errors with other causes', new Error('a', { cause: 1 }), new Error('a', { cause: 2 })],
    ['values that contain themselves, and other things', cyclic(1), cyclic(2)],
  ])('%s', (_, a, b) => {
    expect(sameValue(a, b)).toBe(false);
    expect(sameValue(b, a)).toBe(false);
    expect(sameValue({ deep: [a] }, { deep: [b] })).toBe(false);
  });
});

it('a value that stands at very many paths is compared by its parts', () => {
  expect(sameValue(doubled(200, 1), doubled(200, 1))).toBe(true);
  expect(sameValue(doubled(200, 1), doubled(200, 2))).toBe(false);
});

it('what was taken to be the same for the sake of a pair that differs is compared again', () => {
  const circle = (n: number): { inner: { outer: unknown }; n: number } => {
    const outer = { inner: { outer: undefined as unknown }, n };
    outer.inner.outer = outer;
    return outer;
  };
  const [one, two] = [circle(1), circle(2)];
  // While the outer ones of the Sets are compared, the inner ones seem to be the same, until `n` is reached.
  expect(sameValue([new Set([one, circle(2)]), one.inner], [new Set([two, circle(1)]), two.inner])).toBe(false);
  expect(sameValue([new Set([one, circle(2)]), one.inner], [new Set([two, circle(1)]), circle(1).inner])).toBe(true);
});

it('any value is the same as its copy, and not as one that differs in a leaf', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, fc.anything(), (value, other) => {
      expect(sameValue(value, structuredClone(value))).toBe(true);
      const [with1, with2] = [
        { value, leaf: [other, 1] },
        { value, leaf: [other, 2] },
      ];
      expect(sameValue(structuredClone(with1), structuredClone(with2))).toBe(false);
    }),
  );
});
