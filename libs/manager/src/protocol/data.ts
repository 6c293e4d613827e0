import { encodeMessage } from './codec.js';
import { EncodingError } from './errors.js';
import { Extension } from './extensions.js';
import { Reader } from './reader.js';
import type { ReferenceScope } from './reference.js';
import { prepareValue } from './values.js';

interface DataLimits {
  depth: number;
  messageBytes: number;
}

/**
 * A value as bytes of their own, for another thread. `refuse` is asked for whatever would travel as a reference, and throws
 * where it has something better to say of it than that it cannot be carried.
 *
 * @throws EncodingError, PayloadTooLargeError as `prepareValue` does
 */
export function encodeData(
  value: unknown,
  limits: DataLimits,
  root: string,
  refuse: (value: object) => void = () => undefined,
): Uint8Array {
  const scope: ReferenceScope = {
    toWire: (object) => {
      refuse(object);
      return undefined;
    },
    fromWire: refuseReference,
  };
  const bytes = encodeMessage([prepareValue(value, scope, limits, root)], limits);
  // Without the array around it, and out of the slab: another thread would be sent all of that.
  return Uint8Array.prototype.slice.call(bytes, 1);
}

/** What `encodeData` was given. */
export function decodeData(bytes: Uint8Array, limits: DataLimits): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return new Reader(buffer, 0, limits.depth, refuseReference).read();
}

/** Stands for the value of these bytes in a message: they are written as they are, and never looked at. */
export function encodedData(bytes: Uint8Array): object {
  return new Extension(Extension.ENCODED, bytes);
}

function refuseReference(): never {
  throw new EncodingError('Data for another thread has no references in it');
}
