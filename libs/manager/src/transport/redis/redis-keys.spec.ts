import { describe, expect, it } from '@jest/globals';
import { RedisKeys, encodeTag } from './redis-keys.js';

describe('keys', () => {
  it('are namespace, tag in braces, and what they hold', () => {
    const keys = new RedisKeys('shop');
    expect(keys.inbox('server-1', 'frames')).toBe('shop:{server-1}:frames');
    expect(keys.inbox('server-1', 'beats')).toBe('shop:{server-1}:beats');
    expect(keys.claim({ kind: 'name', tag: 'Queue/orders of today' })).toBe('shop:{Queue/orders%20of%20today}:name');
    expect(keys.claim({ kind: 'server', tag: 'main' })).toBe('shop:{main}:server');
    expect(keys.generation).toBe('shop:{generation}:counter');
    expect(keys.directory).toBe('shop:{servers}:directory');
  });

  it('encode tags so that nothing of them can be misread and no two become one', () => {
    const tags = [
      '',
      '%',
      '%7B',
      '{',
      '}',
      '{}',
      'a{b}c',
      'a\nb',
      'a\u0000b',
      'ä',
      'a\u0308',
      '😀',
      '\ud83d',
      '\ude00',
      ' ',
      '*',
      '?',
      '[a]',
    ];
    const long = ['{', 'x'].flatMap((end) => [150, 160, 161, 5000].map((length) => 'x'.repeat(length - 1) + end));
    const encoded = [...tags, ...long].map(encodeTag);
    expect(new Set(encoded).size).toBe(encoded.length);
    for (const each of encoded) expect(each).toMatch(/^[\w.~:/@%-]{1,160}$/);
  });
});
