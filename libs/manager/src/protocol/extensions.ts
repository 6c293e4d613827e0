/**
 * MessagePack extension types of this protocol (`docs/reference/protocol.md` has the table).
 *
 * A *tag* is `d4 <type> 00` followed by one ordinary MessagePack value, its content; the others carry their bytes inside.
 */
export const ExtensionType = {
  /** `d4 00 00`, as msgpackr writes it. */
  undefined: 0x00,
  /** Tag: `[typeid, id, grant]`, or `[typeid, id, 0, ticket]` for an object of another server. */
  reference: 0x01,
  /** Tag: the flat table of nodes of a value that has cycles or shared parts, see `graph.ts`. */
  graph: 0x02,
  /** Tag: `[key, value, key, value, ...]`. */
  map: 0x03,
  /** Tag: `[item, ...]`. */
  set: 0x04,
  /** Tag: the structure of `error-structure.ts`. */
  error: 0x05,
  /** `d4 06 00` */
  negativeZero: 0x06,
  /** `d4 07 00`, only as an item of an array. */
  hole: 0x07,
  /** float64 of milliseconds; NaN is an invalid date. Prepared as a tag, written in one piece. */
  date: 0x08,
  /** Big-endian two's complement, for what fits neither int64 nor uint64. */
  bigint: 0x09,
  /** Tag: `[source, flags]`. */
  regexp: 0x0a,
  /** One byte of `VIEW_CLASSES`, then the bytes, little-endian. A Buffer is an ordinary `bin`. */
  view: 0x0b,
  /** Tag: the primitive inside a Number, String, Boolean or BigInt object. */
  boxed: 0x0c,
  /** UTF-16LE, for strings with lone surrogates, which UTF-8 cannot say. */
  utf16: 0x0d,
  /** Tag: `[key, value, ...]` of a plain object with a key that UTF-8 cannot say. */
  entries: 0x0e,
  /** uint32: index of a node, only inside a graph. */
  node: 0x0f,
} as const;

/** Place in this list is the class byte of `ExtensionType.view`. */
export const VIEW_CLASSES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'ArrayBuffer',
  'DataView',
  'Float16Array',
] as const;

/** Bytes of a bigint: arithmetic on larger ones is quadratic, and a peer must not choose how long we compute. */
export const MAX_BIGINT_BYTES = 4096;

/** Characters of the source of a RegExp: some take a tenth of a millisecond each to be made into one. */
export const MAX_REGEXP_SOURCE = 2048;

/** What msgpackr is told to write for something that MessagePack has no form for. Never seen outside `protocol/`. */
export class Extension {
  constructor(
    readonly type: number,
    /** Bytes of the extension, or undefined for a tag. */
    readonly bytes: Uint8Array | undefined,
    /** Content of a tag. */
    readonly content?: unknown,
  ) {}

  /** A Buffer, which MessagePack does have a form for; here so that msgpackr's own classes never decide anything. */
  static readonly BIN = -1;
  /** One value that is encoded already: its bytes as they are. */
  static readonly ENCODED = -2;
}

const ONE_BYTE = new Uint8Array(1);
/** Extensions that say nothing beyond their type. */
export const NEGATIVE_ZERO = new Extension(ExtensionType.negativeZero, ONE_BYTE);
export const HOLE = new Extension(ExtensionType.hole, ONE_BYTE);

export function tag(type: number, content: unknown): Extension {
  return new Extension(type, undefined, content);
}
