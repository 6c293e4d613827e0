import { types } from 'node:util';
import { isIterableData } from '../support/operands.js';
import { shown } from '../support/shown.js';

/**
 * The pairs of a key and a value in data: a Map, an array or another iterable of pairs, or a plain object with its own
 * fields, whatever their names.
 *
 * @throws TypeError where it is none of these, or one of its items is no pair.
 */
export function pairsOf(source: unknown, member: string): readonly (readonly [unknown, unknown])[] {
  if (types.isMap(source)) return [...source];
  if (isIterableData(source)) return Array.from(source, (item, index) => pair(item, index, member));
  if (isPlain(source)) return Object.entries(source);
  throw new TypeError(
    `${member}() takes a Map, an array of pairs or a plain object as its entries, got ${shown(source)}.`,
  );
}

function pair(item: unknown, index: number, member: string): readonly [unknown, unknown] {
  if (Array.isArray(item) && item.length === 2) return item as unknown as readonly [unknown, unknown];
  throw new TypeError(`${member}() takes pairs of a key and a value, and got ${shown(item)} at ${index}.`);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || prototype === Object.prototype;
}
