import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { encodeMessage } from './codec.js';
import { DataFrames, type Content } from './data-frames.js';
import { decodeFrame } from './decode-frame.suite.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { FrameHeader } from './messages.js';
import type { Seal } from './frame-reader.js';

const SESSION = 'c-abcdefghijklmnopqrstuv.1';
const mac = (body: Uint8Array): Uint8Array => createHmac('sha256', 'key').update(body).digest();

function read(frame: Uint8Array) {
  const messages: unknown[][] = [];
  let header: FrameHeader | undefined;
  let seal: Seal | undefined;
  decodeFrame(
    frame,
    (opened, sealed) => {
      header = opened;
      seal = sealed;
      return { toWire: () => undefined, fromWire: (reference) => reference };
    },
    (message) => messages.push(message),
    DEFAULT_LIMITS,
  );
  return { header, messages, seal };
}

const encoded = (...message: unknown[]): Content => ({ content: encodeMessage(message, DEFAULT_LIMITS) });
const light = (...message: unknown[]): Content => ({ content: message });

it('refuses messages that take more than was counted for them', () => {
  const frames = new DataFrames(SESSION, undefined);
  for (let i = 0; i < 2000; i++) {
    expect(() => frames.body([light(5, 1, 'x'.repeat(60)), light(5, 2, 1)], 64)).toThrow(RangeError);
  }
  expect(() => frames.body([encoded(5, 1, 'x'.repeat(60))], 40)).toThrow(RangeError);
});

describe.each([
  ['without a MAC', undefined],
  ['with a MAC', mac],
])('a data frame %s', (_, seals) => {
  it('is its header and its messages, light ones and others, in their order', () => {
    const frames = new DataFrames(SESSION, seals);
    const body = frames.body([light(5, 1, 'a'), encoded(5, 2, { b: 1 }), light(5, 3, null)], 300);
    const { header, messages, seal } = read(frames.frame(body, 7, 3, 100, 2000, 5));
    expect(header).toEqual([1, SESSION, 7, 3, 100, 2000, 5]);
    expect(messages).toEqual([
      [5, 1, 'a'],
      [5, 2, { b: 1 }],
      [5, 3, null],
    ]);
    expect(seal && Buffer.compare(mac(seal.body), seal.mac)).toBe(seals && 0);
  });

  it('that is sent again has another header, and leaves the bytes of the first as they were', () => {
    const frames = new DataFrames(SESSION, seals);
    const body = frames.body([light(5, 1, 'again')], 100);
    const first = frames.frame(body, 7, 3, 100, 2000, 5);
    const before = Buffer.from(first);
    const second = frames.frame(body, 7, 8, 9999, 2 ** 20, 500);
    expect(Buffer.compare(first, before)).toBe(0);
    expect(read(second).header).toEqual([1, SESSION, 7, 8, 9999, 2 ** 20, 500]);
    expect(read(second).messages).toEqual([[5, 1, 'again']]);
  });

  it.each([2 ** 32 - 1, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER])('has numbers up to %d', (number) => {
    const frames = new DataFrames(SESSION, seals);
    for (let place = 0; place < 5; place++) {
      const [seq, ack, calls, bytes, age] = [1, 1, 1, 1, 1].with(place, number) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const frame = frames.frame(frames.body([light(5, 1, 1)], 50), seq, ack, calls, bytes, age);
      expect(read(frame).header).toEqual([1, SESSION, seq, ack, calls, bytes, age]);
    }
  });

  it('is not written over by those that follow, of other sessions and of any size', () => {
    const made: { frame: Uint8Array; value: string; session: string }[] = [];
    const sessions = ['a.1', 'b.2', SESSION].map((session) => ({ session, frames: new DataFrames(session, seals) }));
    for (let i = 0; i < 3000; i++) {
      const { session, frames } = sessions[i % 3]!;
      const value = `${i}:`.padEnd(i % 100 === 99 ? 40_000 : i % 64, 'x');
      const content = value.length > 64 ? encoded(5, i, value) : light(5, i, value);
      const frame = frames.frame(frames.body([content], 3 * value.length + 32), i, 0, 0, 0, 0);
      made.push({ frame, value, session });
    }
    for (const [i, { frame, value, session }] of made.entries()) {
      const { header, messages } = read(frame);
      expect(header).toEqual([1, session, i, 0, 0, 0, 0]);
      expect(messages).toEqual([[5, i, value]]);
    }
  });
});
