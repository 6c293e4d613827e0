import { types } from 'node:util';
import { EncodingError, PayloadTooLargeError } from './errors.js';
import { Extension, ExtensionType, MAX_REGEXP_SOURCE, VIEW_CLASSES, tag } from './extensions.js';
import { preparePrimitive } from './primitives.js';

/** Date, RegExp, boxed primitive, buffer or view, as an extension. Bytes are not copied here: packing follows at once. */
export function prepareLeaf(value: object, where: () => string): Extension {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
    if (Buffer.isBuffer(value)) return new Extension(Extension.BIN, bytes);
    // From the slot, not from the constructor, which a subclass or a user may have changed.
    return view(types.isDataView(value) ? 'DataView' : (value as Uint8Array)[Symbol.toStringTag], bytes, where);
  }
  if (types.isDate(value)) return tag(ExtensionType.date, Date.prototype.getTime.call(value));
  if (types.isArrayBuffer(value)) return view('ArrayBuffer', new Uint8Array(value), where);
  if (types.isRegExp(value)) return prepareRegExp(value, where);
  return tag(ExtensionType.boxed, preparePrimitive(primitiveIn(value), where));
}

function prepareRegExp({ source, flags }: RegExp, where: () => string): Extension {
  if (source.length <= MAX_REGEXP_SOURCE) return tag(ExtensionType.regexp, [source, flags]);
  throw new PayloadTooLargeError(
    `${where()} is a RegExp of ${source.length} characters; at most ${MAX_REGEXP_SOURCE} are carried`,
  );
}

/** By the built-in's own `valueOf`: one that a subclass or a user put there does not count. */
function primitiveIn(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}

function view(name: string, bytes: Uint8Array, where: () => string): Extension {
  const index = (VIEW_CLASSES as readonly string[]).indexOf(name);
  if (index < 0)
    throw new EncodingError(`${where()} is a ${name}, which this version cannot carry; send a Uint8Array instead`);
  const framed = new Uint8Array(bytes.length + 1);
  framed[0] = index;
  framed.set(bytes, 1);
  return new Extension(ExtensionType.view, framed);
}

type ViewConstructor = new (buffer: ArrayBuffer) => object;

/** Undefined where the bytes are no view of a class known here. The copy unpins the frame and aligns the view. */
export function viewFrom(framed: Uint8Array): object | undefined {
  const name = VIEW_CLASSES[framed[0]!];
  if (name === undefined) return undefined;
  const buffer = framed.buffer.slice(framed.byteOffset + 1, framed.byteOffset + framed.byteLength) as ArrayBuffer;
  if (name === 'ArrayBuffer') return buffer;
  const constructor = (globalThis as unknown as Record<string, ViewConstructor & { BYTES_PER_ELEMENT?: number }>)[name];
  if (constructor === undefined || buffer.byteLength % (constructor.BYTES_PER_ELEMENT ?? 1) !== 0) return undefined;
  return new constructor(buffer);
}

export function boxedFrom(primitive: unknown): object | undefined {
  switch (typeof primitive) {
    case 'number':
    case 'string':
    case 'boolean':
    case 'bigint':
      return Object(primitive) as object;
    default:
      return undefined;
  }
}
