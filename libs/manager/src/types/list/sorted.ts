import { checkOptions } from '../support/options.js';
import { inOrder } from '../support/order.js';
import { shown } from '../support/shown.js';
import type { SortOptions } from './client.js';

/**
 * The items in Python's order, in an array of their own; those of equal rank as they stood, whichever way they are sorted.
 *
 * @throws TypeError for items without an order, and options that are none.
 */
export function sorted<T>(items: readonly T[], options: SortOptions | undefined): T[] {
  const { key, reverse = false } = checkOptions(options, ['key', 'reverse'], 'sort');
  if (typeof reverse !== 'boolean') {
    throw new TypeError(`sort() takes true or false as \`reverse\`, got ${shown(reverse)}.`);
  }
  if (key !== undefined && typeof key !== 'string') {
    throw new TypeError(`sort() takes the path of a property as \`key\`, got ${shown(key)}.`);
  }
  const path = key?.split('.');
  const sign = reverse ? -1 : 1;
  // In objects: an array would put an undefined item at its end, without asking.
  return items
    .map((item, index) => ({ item, rank: path ? property(item, path, index) : item }))
    .sort((a, b) => sign * inOrder(a.rank, b.rank, 'sort'))
    .map(({ item }) => item);
}

/** Own data properties only: what a prototype has is none of the item's, and nothing of it is run. */
function property(item: unknown, path: readonly string[], index: number): unknown {
  let value = item;
  for (const name of path) {
    const found = value === undefined || value === null ? undefined : Object.getOwnPropertyDescriptor(value, name);
    if (!found || !('value' in found)) {
      throw new TypeError(`sort() finds no "${path.join('.')}" in the item at ${index}, which is ${shown(item)}.`);
    }
    value = found.value;
  }
  return value;
}
