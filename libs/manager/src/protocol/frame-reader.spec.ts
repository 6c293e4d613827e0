import { describe, expect, it } from '@jest/globals';
import { encodeFrame, encodeMessage } from './codec.js';
import { ProtocolError } from './errors.js';
import { FrameReader } from './frame-reader.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { FrameHeader } from './messages.js';
import { WireReference, type ReferenceScope } from './reference.js';
import { prepareValue } from './values.js';

const limits = DEFAULT_LIMITS;
const plain: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => reference };

function message(value: unknown): Uint8Array {
  return encodeMessage([5, 1, prepareValue(value, plain, limits)], limits);
}

function readAll(reader: FrameReader, bytes: Uint8Array, scope = plain) {
  const header = reader.open(bytes);
  const messages: unknown[][] = [];
  let one: unknown[] | undefined;
  while ((one = reader.next(scope))) messages.push(one);
  reader.close();
  return { header, messages };
}

function wrongWith(read: () => unknown): string {
  try {
    read();
    return 'nothing';
  } catch (error) {
    return error instanceof ProtocolError ? 'ProtocolError' : String(error);
  }
}

describe('a reader of frames', () => {
  it('reads frames of several sessions in turns, with ids of any length', () => {
    const reader = new FrameReader(limits);
    const sessions = ['a', 'a.1', 'b.1', 'x'.repeat(31), 'y'.repeat(31), 'x'.repeat(32), 'z'.repeat(128)];
    for (let i = 0; i < 200; i++) {
      const session = sessions[(i * 5 + (i % 3)) % sessions.length]!;
      const header: FrameHeader = [1, session, i, i * 1000, 2 ** 31 + i, 2 ** 40 + i, i % 7];
      expect(readAll(reader, encodeFrame(header, [message(i)]))).toEqual({ header, messages: [[5, 1, i]] });
    }
  });

  it('begins anew with each frame, whatever the one before it was', () => {
    const reader = new FrameReader(limits);
    const sound = encodeFrame([1, 's.1', 1, 0, 0, 0, 0], [message({ a: [1, new Map([[1, /x/]])] })]);
    const expected = readAll(reader, sound);
    const failing: ReferenceScope = {
      toWire: () => undefined,
      fromWire: () => {
        throw new Error('not held');
      },
    };
    for (let length = 0; length < sound.length; length++) {
      // Cut behind a whole message, or behind the header, it is a frame.
      expect(wrongWith(() => readAll(reader, sound.subarray(0, length)))).toMatch(/^(nothing|ProtocolError)$/);
      expect(readAll(reader, sound)).toEqual(expected);
      const header = reader.open(encodeFrame([1, 's.2', 1, 0, 0, 0, 0], [message(new WireReference('T', 1, 1))]));
      expect(header[1]).toBe('s.2');
      expect(reader.next(failing)).toEqual([5, 1, undefined]);
      expect(reader.failure).toEqual({ error: new Error('not held') });
    }
  });

  it.each([
    ['an empty session', [1, '', 1, 0, 0, 0, 0]],
    ['a session with a space', [1, 'a b', 1, 0, 0, 0, 0]],
    ['a session of other letters', [1, 'ä.1', 1, 0, 0, 0, 0]],
    ['a session too long', [1, 'x'.repeat(129), 1, 0, 0, 0, 0]],
    ['a session that is a number', [1, 7, 1, 0, 0, 0, 0]],
    ['a number below 0', [1, 's', -1, 0, 0, 0, 0]],
    ['half a number', [1, 's', 1, 0.5, 0, 0, 0]],
    ['a number too large', [1, 's', 1, 0, 2 ** 54, 0, 0]],
    ['text for a number', [1, 's', 1, 0, 0, '1', 0]],
    ['an age below 0', [1, 's', 1, 0, 0, 0, -1]],
    ['an age without end', [1, 's', 1, 0, 0, 0, Infinity]],
    ['too few fields', [1, 's', 1, 0, 0, 0]],
  ])('refuses a header with %s, and reads the next one', (_, header) => {
    const reader = new FrameReader(limits);
    expect(() => reader.open(encodeFrame(header as unknown as FrameHeader, []))).toThrow(ProtocolError);
    expect(reader.open(encodeFrame([1, 's', 1, 2, 3, 4, 5], []))).toEqual([1, 's', 1, 2, 3, 4, 5]);
  });

  it('reads ages that are no whole number, and fields that it does not know', () => {
    const reader = new FrameReader(limits);
    expect(reader.open(encodeFrame([1, 's', 1, 2, 3, 4, 5.5], []))[6]).toBe(5.5);
    const more = [1, 's', 1, 2, 3, 4, 5, 'more'] as unknown as FrameHeader;
    expect(reader.open(encodeFrame(more, []))).toEqual(more);
  });
});
