import { EncodingError, PayloadTooLargeError } from './errors.js';
import { Extension, ExtensionType, MAX_BIGINT_BYTES, NEGATIVE_ZERO } from './extensions.js';

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** ES2024; in every Node that we support. */
type WellFormed = { isWellFormed(): boolean };

export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}

/** Whether a primitive is carried by MessagePack as it is. The hot test of every argument of every call. */
export function isOrdinary(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      // msgpackr would write -0 as 0.
      return value !== 0 || 1 / value > 0;
    case 'string':
      return isWellFormed(value);
    case 'boolean':
    case 'undefined':
      return true;
    case 'object':
      return value === null;
    case 'bigint':
      return value >= MIN_INT64 && value <= MAX_UINT64;
    default:
      return false;
  }
}

/** A primitive as msgpackr may write it. `where` is asked only in failure: paths cost nothing while all is well. */
export function preparePrimitive(value: unknown, where: () => string): unknown {
  if (isOrdinary(value)) return value;
  switch (typeof value) {
    case 'number':
      return NEGATIVE_ZERO;
    case 'string':
      return new Extension(ExtensionType.utf16, Buffer.from(value, 'utf16le'));
    case 'bigint':
      return new Extension(ExtensionType.bigint, bigintBytes(value, where));
    case 'symbol':
      throw new EncodingError(
        `${where()} is a symbol, which has no identity outside its process; send a string instead`,
      );
    default:
      throw new EncodingError(
        `${where()} is the function ${functionName(value)}, and functions cannot be carried; ` +
          'call a method of a shared object instead, or leave it out',
      );
  }
}

function functionName(value: unknown): string {
  const name: unknown = (value as { name?: unknown }).name;
  return typeof name === 'string' && name !== '' ? `'${name}'` : '(anonymous)';
}

function bigintBytes(value: bigint, where: () => string): Uint8Array {
  const negative = value < 0n;
  let hex = (negative ? ~value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  // The first bit is the sign.
  if (parseInt(hex[0]!, 16) >= 8) hex = `00${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length > MAX_BIGINT_BYTES) {
    throw new PayloadTooLargeError(
      `${where()} is a bigint of ${bytes.length} bytes; at most ${MAX_BIGINT_BYTES} are carried`,
    );
  }
  if (negative) for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i]!;
  return bytes;
}

export function bigintFrom(bytes: Buffer): bigint {
  const first = bytes[0];
  if (first === undefined) return 0n;
  const value = BigInt(`0x${bytes.toString('hex')}`);
  return first >= 0x80 ? value - (1n << BigInt(bytes.length * 8)) : value;
}
