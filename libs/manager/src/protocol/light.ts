import { isWellFormed } from './primitives.js';

/** A string of more characters is encoded, and so counted, when its message is made. */
const SHORT = 64;

/**
 * The most bytes that a value can take, if it is a few-byte primitive; undefined where it is more. A message of such values
 * cannot change after it was made, so it can be written later, to where the others of its frame are, without an encoder.
 */
export function lightBytes(value: unknown): number | undefined {
  switch (typeof value) {
    case 'number':
      // What travels for -0 is none of MessagePack's numbers.
      return value === 0 && Object.is(value, -0) ? undefined : 9;
    case 'boolean':
      return 1;
    case 'string':
      // UTF-8 has nothing for half of a surrogate pair.
      return value.length > SHORT || !isWellFormed(value) ? undefined : 5 + value.length * 3;
    default:
      return value === null ? 1 : undefined;
  }
}

/** The same for a list of values. */
export function lightBytesOfAll(values: readonly unknown[]): number | undefined {
  let bytes = 5;
  for (let i = 0; i < values.length; i++) {
    const size = lightBytes(values[i]);
    if (size === undefined) return undefined;
    bytes += size;
  }
  return bytes;
}

/**
 * Writes such a message at `at`, where there is room for the most that it can take, and says where it ends.
 *
 * By hand, as `encodeMessage` would have it: for a few numbers and short strings, what the encoder does around a message
 * costs several times what it does with it.
 */
export function writeLight(target: Buffer, at: number, message: readonly unknown[]): number {
  let end = writeArrayHead(target, at, message.length);
  for (let i = 0; i < message.length; i++) {
    const value = message[i];
    switch (typeof value) {
      case 'number':
        end = writeNumber(target, end, value);
        break;
      case 'string':
        end = writeString(target, end, value);
        break;
      case 'boolean':
        target[end++] = value ? 0xc3 : 0xc2;
        break;
      default:
        if (value === null) target[end++] = 0xc0;
        else end = writeLight(target, end, value as readonly unknown[]);
    }
  }
  return end;
}

function writeArrayHead(target: Buffer, at: number, length: number): number {
  if (length < 16) {
    target[at] = 0x90 | length;
    return at + 1;
  }
  if (length < 0x10000) {
    target[at] = 0xdc;
    target[at + 1] = length >>> 8;
    target[at + 2] = length;
    return at + 3;
  }
  target[at] = 0xdd;
  return writeUint32(target, at + 1, length);
}

function writeNumber(target: Buffer, at: number, value: number): number {
  if (value >>> 0 === value) {
    if (value < 0x80) {
      target[at] = value;
      return at + 1;
    }
    if (value < 0x100) {
      target[at] = 0xcc;
      target[at + 1] = value;
      return at + 2;
    }
    if (value < 0x10000) {
      target[at] = 0xcd;
      target[at + 1] = value >>> 8;
      target[at + 2] = value;
      return at + 3;
    }
    target[at] = 0xce;
    return writeUint32(target, at + 1, value);
  }
  if (value >> 0 === value) {
    if (value >= -0x20) {
      target[at] = 0x100 + value;
      return at + 1;
    }
    if (value >= -0x80) {
      target[at] = 0xd0;
      target[at + 1] = value;
      return at + 2;
    }
    if (value >= -0x8000) {
      target[at] = 0xd1;
      target[at + 1] = value >> 8;
      target[at + 2] = value;
      return at + 3;
    }
    target[at] = 0xd2;
    return writeUint32(target, at + 1, value);
  }
  target[at] = 0xcb;
  return target.writeDoubleBE(value, at + 1);
}

export function writeUint32(target: Buffer, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

function writeString(target: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length < 32) {
    target[at] = 0xa0 | length;
    const start = at + 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) break;
      target[start + i] = code;
    }
    if (i === length) return start + length;
  }
  const bytes = Buffer.byteLength(text);
  let start: number;
  if (bytes < 32) {
    target[at] = 0xa0 | bytes;
    start = at + 1;
  } else if (bytes < 0x100) {
    target[at] = 0xd9;
    target[at + 1] = bytes;
    start = at + 2;
  } else if (bytes < 0x10000) {
    target[at] = 0xda;
    target[at + 1] = bytes >>> 8;
    target[at + 2] = bytes;
    start = at + 3;
  } else {
    target[at] = 0xdb;
    start = writeUint32(target, at + 1, bytes);
  }
  return start + target.write(text, start);
}
