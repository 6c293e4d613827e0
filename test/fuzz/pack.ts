// MessagePack by hand, whether it is right or not: what the library would never write must be written, too.

export const NUMBERS: readonly number[] = [
  ...[0, 1, 2, 3, -1, -0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53],
  ...[-(2 ** 31), -(2 ** 53), 0.5, 1e300, -1e300, Number.NaN, Infinity, -Infinity],
];

export function packNumber(value: number): Buffer {
  if (Number.isInteger(value) && !Object.is(value, -0)) {
    if (value >= 0 && value < 128) return Buffer.from([value]);
    if (value < 0 && value >= -32) return Buffer.from([value + 256]);
    if (value >= 0 && value < 2 ** 32) return head(0xce, value);
  }
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** Texts come again and again. */
const texts = new Map<string, Buffer>();

export function packText(text: string): Buffer {
  let packed = texts.get(text);
  if (packed) return packed;
  packed = textOf(text);
  if (texts.size < 1000) texts.set(text, packed);
  return packed;
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([bytes.length < 32 ? Buffer.from([0xa0 + bytes.length]) : head(0xdb, bytes.length), bytes]);
}

export function packBytes(bytes: Buffer): Buffer {
  return Buffer.concat([head(0xc6, bytes.length), bytes]);
}

/** `length`: what is said of it. */
export function packArray(items: readonly Buffer[], length = items.length): Buffer {
  return Buffer.concat([length < 16 ? Buffer.from([0x90 + length]) : head(0xdd, length), ...items]);
}

export function packObject(entries: readonly (readonly [Buffer, Buffer])[], size = entries.length): Buffer {
  return Buffer.concat([size < 16 ? Buffer.from([0x80 + size]) : head(0xdf, size), ...entries.flat()]);
}

export function packTag(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xd4, type, 0]), content]);
}

export function packExtension(type: number, bytes: Buffer): Buffer {
  return Buffer.concat([head(0xc9, bytes.length), Buffer.from([type]), bytes]);
}

/** Data, as it is. */
export function pack(value: unknown): Buffer {
  if (typeof value === 'number') return packNumber(value);
  if (typeof value === 'string') return packText(value);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (Buffer.isBuffer(value)) return packBytes(value);
  if (Array.isArray(value)) return packArray(value.map(pack));
  if (typeof value !== 'object' || value === null) return Buffer.from([0xc0]);
  return packObject(Object.entries(value).map(([key, item]) => [packText(key), pack(item)]));
}

function head(token: number, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = token;
  bytes.writeUInt32BE(length >>> 0, 1);
  return bytes;
}
