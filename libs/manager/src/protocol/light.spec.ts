import { describe, expect, it } from '@jest/globals';
import { lightBytes, lightBytesOfAll } from './light.js';

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
