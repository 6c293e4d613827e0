import { hasIterator } from './iterates.js';
import { isOrdinary, isWellFormed } from './primitives.js';

/** Few items, each a primitive or a plain object of primitives, no object twice. */
export function isFlat(array: readonly unknown[]): boolean {
  if (array.length > 6 || Object.getPrototypeOf(array) !== Array.prototype) return false;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    // An undefined item may be a hole; a long string is measured.
    if (item === undefined) return false;
    if (isShort(item)) continue;
    if (typeof item !== 'object' || item === null || !isFlatObject(item)) return false;
    for (let j = 0; j < i; j++) if (array[j] === item) return false;
  }
  return true;
}

function isFlatObject(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype || value.constructor !== Object) return false;
  if (hasIterator(value)) return false;
  // Without asking what is own: somebody's addition to Object.prototype leads to the long way, which asks.
  for (const key in value) if (!isWellFormed(key) || !isShort((value as Record<string, unknown>)[key])) return false;
  return true;
}

function isShort(value: unknown): boolean {
  return isOrdinary(value) && (typeof value !== 'string' || value.length <= 1024);
}
