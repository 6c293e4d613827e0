import { isWellFormed } from './primitives.js';
import { writeOver } from './writer.js';

/** A string of more characters is encoded, and so counted, when its message is made. */
const SHORT = 64;

/**
 * The most bytes that a value can take, if it is a few-byte primitive; undefined where it is more. A message of such values
 * cannot change after it was made, so it can be encoded later, with all the others of its frame: one call of the encoder
 * for a frame costs a fraction of one call for each message.
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

/** The messages one after the other, as `encodeMessage` would have them. The bytes are good until the next call. */
export function encodeLight(messages: readonly (readonly unknown[])[]): Uint8Array {
  const bytes = writeOver(messages);
  const count = messages.length;
  return bytes.subarray(count < 16 ? 1 : count < 0x10000 ? 3 : 5);
}
