import { describe, expect, it } from '@jest/globals';
import { idAfter, parseRead, stampOf } from './redis-reply.js';

const item = (id: string, text: string, field = 'f'): [Buffer, Buffer[]] => [
  Buffer.from(id),
  [Buffer.from(field), Buffer.from(text)],
];

describe('the reply of XREAD', () => {
  const beats = [item('1700000000001-0', 'b')];
  const frames = [item('1700000000000-0', ''), item('1700000000000-1', 'x', 'w'), item('1700000000002-7', 'yy')];
  const [kb, kf] = ['ns:{a}:beats', 'ns:{a}:frames'];
  const shapes: Record<string, unknown> = {
    pairs: [
      [Buffer.from(kb), beats],
      [Buffer.from(kf), frames],
    ],
    'pairs the other way round': [
      [kf, frames],
      [kb, beats],
    ],
    'a flat list': [Buffer.from(kb), beats, Buffer.from(kf), frames],
    'an object': { [kb]: beats, [kf]: frames },
    'a map': new Map([
      [kb, beats],
      [kf, frames],
    ]),
  };

  it.each(Object.entries(shapes))('is read as %s', (_, reply) => {
    const [one, two] = parseRead(reply);
    expect(one).toMatchObject({ lane: 'beats', entries: 1, bytes: 1, id: '1700000000001-0' });
    expect(two).toMatchObject({ lane: 'frames', entries: 3, bytes: 2, id: '1700000000002-7' });
    expect(two?.deliveries.map(({ bytes, at }) => [String(bytes), at])).toEqual([
      ['', 1700000000000],
      ['yy', 1700000000002],
    ]);
  });

  it('may be nothing', () => {
    expect(parseRead(null)).toEqual([]);
    expect(parseRead([])).toEqual([]);
    expect(parseRead({})).toEqual([]);
  });

  it('has ids with a stamp and a follower', () => {
    expect(stampOf('1700000000000-12')).toBe(1700000000000);
    expect(stampOf(Buffer.from('1700000000000-12'))).toBe(1700000000000);
    expect(idAfter('5-9')).toBe('5-10');
    expect(idAfter('5-9007199254740993')).toBe('5-9007199254740994');
  });
});
