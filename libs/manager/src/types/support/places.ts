import { checkPosition } from './position.js';

/**
 * An argument that says which of `length` items is meant, counted from the end where it is negative.
 *
 * @throws TypeError where it is no place; RangeError where there is no such item.
 */
export function existingPlace(value: unknown, length: number, member: string): number {
  const at = checkPosition(value, member);
  const from = at < 0 ? at + length : at;
  if (from >= 0 && from < length) return from;
  throw new RangeError(`${member}() was given the index ${at}, and there are ${length} items.`);
}

/** A place between items: before the start or beyond the end is the start or the end. */
export function placeBetween(at: number, length: number): number {
  return at < 0 ? Math.max(0, at + length) : Math.min(at, length);
}
