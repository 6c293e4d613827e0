import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inspect, isDeepStrictEqual } from 'node:util';
import { encodeFrame, encodeMessage } from './codec.js';
import { decodeFrame } from './decode-frame.suite.js';
import { EncodingError, PayloadTooLargeError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import { WireReference, type ReferenceScope } from './reference.js';
import { prepareValue } from './values.js';

function roundTrip(value: unknown, scope?: ReferenceScope, limits = DEFAULT_LIMITS): unknown {
  const message = encodeMessage([5, 1, prepareValue(value, scope, limits)], limits);
  const frame = encodeFrame([1, 's', 1, 0, 0, 0, 0], [message]);
  const none: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => reference };
  let result: unknown[] | undefined;
  decodeFrame(
    frame,
    () => scope ?? none,
    (received, _, failure) => {
      expect(failure).toBeUndefined();
      result = received;
    },
    limits,
  );
  expect(result).toHaveLength(3);
  return result![2];
}

function refusal(value: unknown, scope?: ReferenceScope): Error {
  try {
    prepareValue(value, scope, DEFAULT_LIMITS, 'args');
  } catch (error) {
    return error as Error;
  }
  throw new Error('was not refused');
}

/** `isDeepStrictEqual` holds two invalid dates to be different. */
function same(a: unknown, b: unknown): boolean {
  const options = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity };
  return isDeepStrictEqual(a, b) || inspect(a, options) === inspect(b, options);
}

const ill = '\ud800 alone';

describe('what is carried', () => {
  class Point {
    constructor(
      readonly x = 1,
      readonly y = 2,
    ) {}
  }
  const views = [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map((type) =>
      type.from([1, 2, 255]),
    ),
    ...[Float32Array, Float64Array].map((type) => type.from([1.5, NaN, -0, Infinity])),
    BigInt64Array.from([-1n, 2n]),
    BigUint64Array.from([2n ** 64n - 1n]),
    new Uint8Array(0),
    new Uint8Array([7]),
    new Uint8Array(70_000).fill(9),
    new Uint16Array([1, 2, 3]).subarray(1),
    new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
    new Uint8Array([1, 2, 3]).buffer,
    new ArrayBuffer(0),
  ];

  it.each(
    [
      [undefined, null, true, false, 0, -0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53],
      [-32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 0.1, NaN, Infinity, -Infinity, 5e-324],
      [0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n) - 1n, -(2n ** 64n), 3n ** 2000n],
      [-(3n ** 2000n), 2n ** 71n, -(2n ** 71n), 2n ** 127n],
      ['', 'a', 'é', '😀', 'x'.repeat(31), 'x'.repeat(32), 'ü'.repeat(20), 'y'.repeat(300), '€'.repeat(70_000)],
      [ill, `${ill}${'z'.repeat(100)}`, '\ufeff', `\ufeff${'b'.repeat(100)}`, '\ufeffé', '\0'],
      [new Date(0), new Date(1.5e12), new Date(-1), new Date(8.64e15), new Date(NaN)],
      [/a/, /[/\n]é/giu, /(?<n>x)/dsy],
      [[], [1, [2, [3]]], [undefined], new Array(3), [1, , 3], [, , new Date(1)], new Array(2000), Array(2000).fill(1)],
      [{}, { a: { b: { c: 1 } } }, { constructor: 'x' }, { hasOwnProperty: 1, toString: 2 }, { length: 3 }, { '': 1 }],
      [
        { [ill]: ill, a: -0 },
        { u: undefined },
        { 1: 'a', 0: 'b' },
        { ['k'.repeat(300)]: 1, ü: 2, [`k${'e'.repeat(40)}`]: 3 },
      ],
      [
        new Map(),
        new Map<unknown, unknown>([
          [{ a: 1 }, new Set([1])],
          [NaN, new Map([[-0n, /x/]])],
        ]),
      ],
      [new Set(), new Set([1, 'a', [1], new Set()])],
      views,
      [Object(1), Object('x'), Object(false), Object(5n), Object(-0), Object(ill)],
      [Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key${i}`, i]))],
    ].flat(),
  )('%#', (value) => {
    const result = roundTrip(value);
    expect(same(result, value)).toBe(true);
    expect(same(roundTrip({ a: [value, value] }), { a: [value, value] })).toBe(true);
  });

  it('keeps Buffers Buffers, and copies bytes out of the frame', () => {
    for (const length of [0, 1, 255, 256, 70_000]) {
      const result = roundTrip([Buffer.alloc(length, 3)]) as [Buffer];
      expect(Buffer.isBuffer(result[0])).toBe(true);
      expect(result[0]).toEqual(Buffer.alloc(length, 3));
      expect(result[0].buffer.byteLength).toBe(length);
    }
    expect((roundTrip(new Float64Array([1]).subarray(0)) as Float64Array).buffer.byteLength).toBe(8);
  });

  it('keeps an own __proto__ an own property', () => {
    const evil: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "a": -1}');
    for (const value of [evil, [evil, evil], JSON.parse('{"__proto__": [[0, "x"]], "z": {"__proto__": null}}')]) {
      const result = roundTrip(value);
      expect(same(result, value)).toBe(true);
    }
    const special = Object.defineProperty({}, '__proto__', { value: new Map(), enumerable: true });
    const result = roundTrip(special) as object;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(result, '__proto__')?.value).toEqual(new Map());
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('carries DTOs, null-prototype objects and subclasses without behaviour as plain data', () => {
    class Place extends Point {
      name = 'here';
    }
    class Names extends Array<string> {}
    class Ages extends Map<string, number> {}
    const result = roundTrip({ p: new Place(), n: Object.assign(Object.create(null) as object, { a: 1 }) });
    expect(same(result, { p: { x: 1, y: 2, name: 'here' }, n: { a: 1 } })).toBe(true);
    expect(same(roundTrip(Names.from(['a'])), ['a'])).toBe(true);
    expect(same(roundTrip(new Ages([['a', 1]])), new Map([['a', 1]]))).toBe(true);
    expect(same(roundTrip(Object.create({ constructor: 1 })), {})).toBe(true);
  });

  it('reads accessors, ignores symbol keys and what is not enumerable', () => {
    const value = {
      get a() {
        return new Date(5);
      },
      [Symbol('s')]: () => 1,
    };
    Object.defineProperty(value, 'hidden', { value: () => 1 });
    Object.defineProperty(value, 'constructor', { value: Map });
    expect(same(roundTrip(value), { a: new Date(5) })).toBe(true);
  });

  it('keeps identity and cycles', () => {
    const shared = { d: new Date(1) };
    const self: Record<string, unknown> = { shared, list: [shared, , shared.d, -0, ill], [ill]: 1 };
    self['self'] = self;
    self['map'] = new Map<unknown, unknown>([
      [self, shared],
      ['set', new Set([self])],
    ]);
    const error = new RangeError('e', { cause: 1 });
    self['errors'] = [error, error];
    const result = roundTrip([self, 1]) as [typeof self];
    expect(same(result, [self, 1])).toBe(true);
    const copy = result[0];
    expect(copy['self']).toBe(copy);
    expect((copy['list'] as unknown[])[0]).toBe(copy['shared']);
    expect((copy['list'] as unknown[])[2]).toBe((copy['shared'] as typeof shared).d);
    expect(1 in (copy['list'] as unknown[])).toBe(false);
    expect((copy['map'] as Map<unknown, unknown>).get(copy)).toBe(copy['shared']);
    expect((copy['errors'] as unknown[])[0]).toBe((copy['errors'] as unknown[])[1]);
    const many = Array.from({ length: 20 }, (_, i) => ({ i }));
    const twice = roundTrip([many, many[15]]) as [object[], object];
    expect(twice[1]).toBe(twice[0][15]);
  });

  it('carries errors as data', () => {
    class Odd extends Error {
      override name = 'Odd';
      socket = { on() {} };
      tries = 3;
      helper() {}
    }
    const cause = new TypeError('why');
    const [odd, all] = roundTrip([new Odd('m', { cause }), new AggregateError([new SyntaxError('1'), 2], 'many')]) as [
      Odd,
      AggregateError,
    ];
    expect(odd).toBeInstanceOf(Error);
    expect(odd.name).toBe('Odd');
    expect(odd.message).toBe('m');
    expect(odd.stack).toContain('values.spec');
    expect(Object.keys(odd)).toEqual(['tries']);
    expect(odd.cause).toBeInstanceOf(TypeError);
    expect(all).toBeInstanceOf(AggregateError);
    expect(all.errors[0]).toBeInstanceOf(SyntaxError);
    expect(all.errors[1]).toBe(2);
    const loop = Object.assign(new Error('loop'), { self: {} as unknown });
    loop.self = [loop];
    expect((roundTrip(loop) as Error).message).toBe('loop');
  });

  it('gives back the same value where nothing is special', () => {
    for (const value of [[1], [{ a: 'x' }], { a: [1, { b: null }], u: undefined, n: NaN }, [1n], 'x']) {
      expect(prepareValue(value, undefined, DEFAULT_LIMITS)).toBe(value);
    }
    const value = { plain: { a: 1 }, special: new Date(0) };
    const prepared = prepareValue(value, undefined, DEFAULT_LIMITS) as typeof value;
    expect(prepared).not.toBe(value);
    expect(prepared.plain).toBe(value.plain);
    expect(value.special).toEqual(new Date(0));
  });

  it('agrees with structured clone about anything', () => {
    const leaf = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withTypedArray: true,
        withSparseArray: true,
        withNullPrototype: false,
      }),
      fc.string({ unit: 'binary' }),
      fc.bigInt(),
      fc.double(),
      fc.uint8Array().map((bytes) => bytes.buffer),
      fc.constantFrom(new Date(NaN), /x/g, new RangeError('r'), Object(1), ill),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
        fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
        tie('value').map((item) => [item, item]),
      ),
    }));
    fc.assert(
      fc.property(value, (original) => {
        const expected: unknown = structuredClone(original);
        const result: unknown = structuredClone(roundTrip(original));
        expect(same(result, expected)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('references', () => {
  class Shared {}
  class Scope implements ReferenceScope {
    asked: object[] = [];
    toWire(value: object) {
      this.asked.push(value);
      return value instanceof Shared ? new WireReference('Shared', 7, this.asked.length) : undefined;
    }
    fromWire({ typeid, id, grant }: WireReference) {
      return { typeid, id, grant };
    }
  }

  it('asks once for each distinct object, before it takes one for data, and in cycles too', () => {
    const scope = new Scope();
    const shared = new Shared();
    const value: Record<string, unknown> = { a: shared, b: [shared], m: new Map([[shared, new Shared()]]) };
    const result = roundTrip(value, scope) as { a: object; b: [object]; m: Map<object, object> };
    expect(result.a).toEqual({ typeid: 'Shared', id: 7, grant: 1 });
    expect(result.b[0]).toBe(result.a);
    expect([...result.m.keys()][0]).toBe(result.a);
    expect([...result.m.values()]).toEqual([{ typeid: 'Shared', id: 7, grant: 2 }]);
    value['self'] = value;
    const again = new Scope();
    const cyclic = roundTrip(value, again) as typeof result & { self: unknown };
    expect(again.asked).toHaveLength(2);
    expect(cyclic.self).toBe(cyclic);
    expect(cyclic.b[0]).toBe(cyclic.a);
  });

  it('asks neither for built-in data nor twice for a DTO', () => {
    class Dto {
      a = 1;
    }
    const dto = new Dto();
    const scope = new Scope();
    roundTrip([dto, [dto], new Map(), new Date(), Buffer.alloc(1), {}, new Error('x'), Object.create(null)], scope);
    expect(scope.asked).toEqual([dto]);
    const iterators = new Scope();
    const iterator = [1].values();
    expect(refusal([iterator], iterators)).toBeInstanceOf(EncodingError);
    expect(iterators.asked[0]).toBe(iterator);
    expect(iterators.asked).toHaveLength(1);
  });

  it('lets what the scope throws through', () => {
    const fault = new Error('no grant');
    const scope = new Scope();
    scope.toWire = () => {
      throw fault;
    };
    expect(refusal([new Shared()], scope)).toBe(fault);
  });
});

describe('what is refused', () => {
  class Behaves {
    items = [1];
    total() {
      return 1;
    }
  }
  class Accesses {
    get a() {
      return 1;
    }
  }

  it.each<[string, unknown, string]>([
    ['function', [{ items: [1, 2, () => 1] }], 'args[0].items[2] is the function (anonymous)'],
    ['named function', [{ run() {} }], "args[0].run is the function 'run'"],
    ['symbol', [Symbol('x')], 'args[0] is a symbol'],
    ['instance', [{ a: [new Behaves()] }], 'args[0].a[0] is an instance of Behaves'],
    ['accessor', [new Accesses()], 'args[0] is an instance of Accesses'],
    ['promise', [Promise.resolve(1)], 'args[0] is a Promise, which has to be awaited'],
    ['weak map', [new WeakMap()], 'args[0] is an instance of WeakMap'],
    ['url', [new URL('http://x')], 'args[0] is an instance of URL'],
    ['map value', [new Map([['k', [Symbol('x')]]])], 'args[0].get("k")[0] is a symbol'],
    ['map key', [new Map([[Symbol('x'), 1]])], 'args[0].keys()[0] is a symbol'],
    ['map value of an object', [new Map([[{}, () => 1]])], 'args[0].values()[0] is the function'],
    ['set item', [new Set([1, () => 1])], 'args[0].values()[1] is the function'],
    ['odd key', [{ 'a b': Symbol('x') }], 'args[0]["a b"] is a symbol'],
    ['boxed symbol', [Object(Symbol('x'))], 'args[0] is an instance of Symbol'],
    ['generator', [(function* () {})()], 'args[0] is an instance of'],
    [
      'subclass',
      [
        new (class Cache extends Map {
          evict() {}
        })(),
      ],
      'args[0] is an instance of Cache',
    ],
    ['weird constructor', [Object.create({ constructor: 5, x: 1 })], 'args[0] is an instance of an anonymous class'],
    ['shared memory', [new SharedArrayBuffer(8)], 'args[0] is an instance of SharedArrayBuffer'],
  ])('%s', (_, value, text) => {
    const error = refusal(value);
    expect(error).toBeInstanceOf(EncodingError);
    expect(error.message).toContain(text);
  });

  it('says what to do', () => {
    expect(refusal([new Behaves()]).message).toMatch(/share\(.*@SharedType.*yourself/);
  });

  it('bounds depth, cycles or not, at both ends', () => {
    const nest = (levels: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = i % 3 === 0 ? new Map([[1, value]]) : i % 3 === 1 ? [value] : { value };
      return value;
    };
    expect(same(roundTrip(nest(256)), nest(256))).toBe(true);
    expect(refusal(nest(257))).toBeInstanceOf(PayloadTooLargeError);
    expect(refusal(nest(1_000_000))).toBeInstanceOf(PayloadTooLargeError);
    const unlimited = { ...DEFAULT_LIMITS, depth: Infinity };
    expect(() => prepareValue(nest(1_000_000), undefined, unlimited)).toThrow(PayloadTooLargeError);
  });

  it('bounds what could never fit', () => {
    const limits = { depth: 9, messageBytes: 1000 };
    for (const value of [['x'.repeat(2000)], ['x'.repeat(2000), {}], new Array(1e9), [Buffer.alloc(1001)]]) {
      expect(() => prepareValue(value, undefined, limits)).toThrow(PayloadTooLargeError);
    }
    expect(() => prepareValue(2n ** 40_000n, undefined, limits)).toThrow(PayloadTooLargeError);
    expect(() => prepareValue([/a/, new RegExp('a'.repeat(2049))], undefined, limits)).toThrow(PayloadTooLargeError);
  });
});
