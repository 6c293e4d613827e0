import { types } from 'node:util';

/** What an object is to the codec. */
export const Kind = {
  plain: 0,
  array: 1,
  map: 2,
  set: 3,
  error: 4,
  /** Built-in data without parts: Date, RegExp, boxed primitives, buffers and their views. */
  leaf: 5,
  /** Anything that has behaviour of its own. */
  other: 6,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Prototypes of built-in data: nobody is asked whether an instance of exactly these is a shared object. */
const builtIn = new Set<object>(
  [
    ...[Object, Array, Map, Set, Date, RegExp, Number, String, Boolean, BigInt, ArrayBuffer, DataView, Buffer],
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError],
  ].map((type) => type.prototype as object),
);

export function isBuiltIn(prototype: object): boolean {
  return builtIn.has(prototype);
}

/**
 * Kind of an object by what it *is* (internal slots, which neither another realm nor a subclass changes), not by what its
 * constructor is called. A subclass counts as its base only if it adds no behaviour; an error always does, since an error
 * that could not be sent would hide what went wrong.
 */
export function kindOf(value: object, prototype: object | null): Kind {
  // The questions of `slotKind` are calls into native code; the commonest answer is guessed and asked for first.
  if (prototype === Date.prototype && types.isDate(value)) return Kind.leaf;
  if (prototype === Map.prototype && types.isMap(value)) return Kind.map;
  if (prototype === Set.prototype && types.isSet(value)) return Kind.set;
  const kind = slotKind(value);
  if (kind === Kind.error) return kind;
  return addsNothing(prototype) ? kind : Kind.other;
}

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

function slotKind(value: object): Kind {
  if (Array.isArray(value)) return Kind.array;
  if (ArrayBuffer.isView(value)) return Kind.leaf;
  if (types.isMap(value)) return Kind.map;
  if (types.isSet(value)) return Kind.set;
  if (isError(value)) return Kind.error;
  if (types.isArrayBuffer(value) || types.isDate(value) || types.isRegExp(value)) return Kind.leaf;
  if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? Kind.other : Kind.leaf;
  return Kind.plain;
}

const verdicts = new WeakMap<object, boolean>();

/** Whether everything from this prototype up to a built-in one defines nothing but a constructor. One walk per class. */
function addsNothing(prototype: object | null): boolean {
  if (prototype === null || builtIn.has(prototype)) return true;
  let verdict = verdicts.get(prototype);
  if (verdict === undefined) {
    verdict =
      isForeignBuiltIn(prototype) ||
      (Reflect.ownKeys(prototype).every((key) => key === 'constructor') &&
        addsNothing(Object.getPrototypeOf(prototype) as object | null));
    verdicts.set(prototype, verdict);
  }
  return verdict;
}

const builtInNames = new Set([...builtIn].map((prototype) => prototype.constructor.name));

/**
 * The prototypes of another realm (a `vm` context, as Jest runs tests in) are other objects. Theirs have the names of ours
 * and at least one native member of the same name; a user's class called `Map` has neither.
 */
function isForeignBuiltIn(prototype: object): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'constructor');
  const constructor: unknown = descriptor?.value;
  if (typeof constructor !== 'function') return false;
  return (
    builtInNames.has(constructor.name) &&
    /^(function|class) \w+\(\) \{\s*\[native code\]\s*\}$/.test(sourceOf(constructor))
  );
}

function sourceOf(constructor: unknown): string {
  return Function.prototype.toString.call(constructor);
}

/** Name of an object's class, for messages. Must not run user code more than a constructor lookup does, and never throws. */
export function classNameOf(value: object): string {
  try {
    const constructor: unknown = (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor;
    const name: unknown = typeof constructor === 'function' ? constructor.name : undefined;
    return typeof name === 'string' && name !== '' ? name : 'an anonymous class';
  } catch {
    return 'a proxy';
  }
}
