import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeMessage } from './codec.js';
import { lightBytes, lightBytesOfAll, writeLight } from './light.js';
import { DEFAULT_LIMITS } from './limits.js';

/** Values that may be encoded later, those at the borders of each form among them. */
const light = fc
  .oneof(
    fc.double().filter((value) => !Object.is(value, -0)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.constantFrom(0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000),
    fc.constantFrom(-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -0x80000000, -0x80000001),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary-ascii', maxLength: 64 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .filter((value) => lightBytes(value) !== undefined);

describe('what may be encoded later, with others', () => {
  it.each([0, 1.5, 2 ** 60, true, null, '', 'ä😀'])('%p', (value) => {
    expect(lightBytes(value)).toBeGreaterThan(0);
    expect(lightBytesOfAll([value, value])).toBeGreaterThan(0);
  });

  it.each([-0, 1n, undefined, 'x'.repeat(65), '\ud800', 'a\udc00b', {}, []])('is not %p', (value) => {
    expect(lightBytes(value)).toBeUndefined();
    expect(lightBytesOfAll([1, value])).toBeUndefined();
  });
});

describe('a light message', () => {
  const target = Buffer.alloc(1024 * 1024);

  it('has the bytes that the encoder would give it, and no more than were counted', () => {
    fc.assert(
      fc.property(fc.array(light, { maxLength: 40 }), fc.nat(1000), (values, at) => {
        const end = writeLight(target, at, [1, 2, 'method', values, 0, '']);
        const expected = encodeMessage([1, 2, 'method', values, 0, ''], DEFAULT_LIMITS);
        expect(Buffer.compare(target.subarray(at, end), expected)).toBe(0);
        expect(writeLight(target, at, values) - at).toBeLessThanOrEqual(lightBytesOfAll(values)!);
      }),
    );
  });

  it.each([0, 31, 32, 255, 256, 65_535, 65_536])('has strings of %d characters, and of as many bytes', (length) => {
    for (const text of ['x'.repeat(length), 'ä'.repeat(length / 2)]) {
      const end = writeLight(target, 0, [text]);
      expect(Buffer.compare(target.subarray(0, end), encodeMessage([text], DEFAULT_LIMITS))).toBe(0);
    }
  });

  it.each([15, 16, 65_535, 65_536])('has lists of %d', (length) => {
    const list = new Array<number>(length).fill(7);
    const end = writeLight(target, 0, list);
    expect(Buffer.compare(target.subarray(0, end), encodeMessage(list, DEFAULT_LIMITS))).toBe(0);
  });
});
