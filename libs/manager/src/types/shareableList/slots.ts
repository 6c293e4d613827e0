import { crc32 } from 'node:zlib';
import { shown } from '../support/shown.js';

/*
 * A slot of a list, at a multiple of 8 bytes, numbers in little-endian order:
 *
 *    0   u32   CRC-32 of the bytes from 4 to the end of the value
 *    4   u32   kind: 0 null, 1 boolean, 2 int64, 3 float64, 4 string, 5 bytes
 *    8   u32   bytes of the value
 *   12   u32   zero
 *   16         the value: nothing, a byte 0 or 1, an i64, an f64, UTF-8, or the bytes; what is left of the slot has no meaning
 *
 * A slot is written in one go and read in one go. Writes of one file come one after the other, so that what is left is one of
 * them; a read that meets a write may have a part of each, which the checksum tells. Then it is read again. A slot whose
 * writer was killed in its midst never agrees with its checksum.
 */

/** What can be stored. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;
/** What is stored in a slot, as `format()` names it. */
export type ShareableFormat = 'null' | 'boolean' | 'int64' | 'float64' | 'string' | 'bytes';

const FORMATS: readonly ShareableFormat[] = ['null', 'boolean', 'int64', 'float64', 'string', 'bytes'];
/** Where the value begins in its slot. */
export const SLOT_HEAD = 16;
/** Every slot has room for a number. */
const LEAST_ROOM = 8;
const INT64_BITS = 64;
const HALF_A_PAIR = /\p{Surrogate}/u;

/** Bytes for values that a slot gets which is made for this one: as in Python, some are always left to grow into. */
export function roomFor(format: ShareableFormat, length: number): number {
  return format === 'string' || format === 'bytes' ? 8 * (Math.floor(length / 8) + 1) : LEAST_ROOM;
}

/**
 * The bytes of a slot with this value.
 *
 * @param what names the value, at the head of an error's message.
 * @throws TypeError for what cannot be stored; RangeError for a bigint of more than 64 bits.
 */
export function slotOf(value: unknown, what: string): { format: ShareableFormat; slot: Buffer } {
  const { format, bytes } = encoded(value, what);
  const slot = Buffer.alloc(SLOT_HEAD + bytes.length);
  slot.writeUInt32LE(FORMATS.indexOf(format), 4);
  slot.writeUInt32LE(bytes.length, 8);
  slot.set(bytes, SLOT_HEAD);
  slot.writeUInt32LE(crc32(slot.subarray(4)), 0);
  return { format, slot };
}

/** Bytes of the value in a slot that begins so. */
export function lengthIn(slot: Buffer): number {
  return slot.readUInt32LE(8);
}

/** What is in a slot; undefined where that is no whole value. `slot` may go on with the slots after it. */
export function valueIn(slot: Buffer, room: number): { format: ShareableFormat; value: ShareableItem } | undefined {
  const length = lengthIn(slot);
  const end = SLOT_HEAD + length;
  const format = FORMATS[slot.readUInt32LE(4)];
  if (format === undefined || length > room || end > slot.length) return undefined;
  if (crc32(slot.subarray(4, end)) !== slot.readUInt32LE(0)) return undefined;
  return { format, value: decoded(format, slot.subarray(SLOT_HEAD, end)) };
}

/** The same value, as the list would give it. */
export function asGiven(value: unknown): unknown {
  return typeof value === 'bigint' ? narrow(value) : value;
}

function encoded(value: unknown, what: string): { format: ShareableFormat; bytes: Uint8Array } {
  if (value === null) return { format: 'null', bytes: new Uint8Array(0) };
  if (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]') {
    return { format: 'bytes', bytes: value as Uint8Array };
  }
  switch (typeof value) {
    case 'boolean':
      return { format: 'boolean', bytes: Uint8Array.of(Number(value)) };
    case 'number':
      // -0 is no integer of 64 bits, and larger numbers are the ones that floats are.
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { format: 'int64', bytes: int64(BigInt(value)) };
      return { format: 'float64', bytes: float64(value) };
    case 'bigint':
      if (BigInt.asIntN(INT64_BITS, value) === value) return { format: 'int64', bytes: int64(value) };
      throw new RangeError(`${what} must be from ${-(2n ** 63n)} to ${2n ** 63n - 1n}, got ${shown(value)}.`);
    case 'string':
      if (!HALF_A_PAIR.test(value)) return { format: 'string', bytes: Buffer.from(value) };
      throw new TypeError(`${what} has half of a surrogate pair, which UTF-8 has no bytes for, got ${shown(value)}.`);
    default:
      throw new TypeError(
        `${what} must be a number, a bigint, a boolean, a string, bytes (Uint8Array) or null, got ${shown(value)}.`,
      );
  }
}

function decoded(format: ShareableFormat, bytes: Buffer): ShareableItem {
  switch (format) {
    case 'null':
      return null;
    case 'boolean':
      return bytes[0] === 1;
    case 'int64':
      return narrow(bytes.readBigInt64LE(0));
    case 'float64':
      return bytes.readDoubleLE(0);
    case 'string':
      return bytes.toString('utf8');
    default:
      // A copy: what was read together with it would stay as long as it does.
      return Buffer.from(bytes);
  }
}

function int64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function float64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
