import { types } from 'node:util';

/** The names of an iterable, and of an iterator, as they are read of an object. */
interface Iterating {
  readonly [Symbol.iterator]?: unknown;
  readonly [Symbol.asyncIterator]?: unknown;
  readonly next?: unknown;
}

/**
 * Whether something that would pass for a plain object is an iterable or an iterator: its symbols would be dropped, and it
 * would arrive as nothing. Every plain object is asked, so it only reads; the array-like `arguments` is data.
 */
export function iterates(value: object): boolean {
  return typeof (value as Iterating).next === 'function' || (hasIterator(value) && !types.isArgumentsObject(value));
}

/** The same, where a member that is a function was looked for. */
export function hasIterator(value: object): boolean {
  const { [Symbol.iterator]: iterator, [Symbol.asyncIterator]: asyncIterator } = value as Iterating;
  return typeof iterator === 'function' || typeof asyncIterator === 'function';
}

/** The same of any object: an array, a Map, a Set, a string or bytes are data by what they are. Never throws. */
export function isIterable(value: object): boolean {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  if (types.isMap(value) || types.isSet(value) || types.isBoxedPrimitive(value)) return false;
  try {
    return iterates(value);
  } catch {
    return false;
  }
}
