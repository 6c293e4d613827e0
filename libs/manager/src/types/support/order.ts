import { types } from 'node:util';
import { shown } from './shown.js';
import { sameValue } from './structure.js';

/**
 * Python's order of two values: numbers and bigints by size, strings by code units, `false` before `true`, dates by time,
 * bytes and arrays by the first item that differs. NaN comes after every number, so that an order exists. Values of
 * different kinds have none, nor have objects, proxies, `null` and `undefined`.
 *
 * @throws TypeError where there is no order.
 */
export function inOrder(a: unknown, b: unknown, member: string): number {
  const kind = kindOf(a);
  if (kind === undefined || kind !== kindOf(b)) {
    throw new TypeError(`${member}() has no order for ${shown(a)} and ${shown(b)}.`);
  }
  switch (kind) {
    case 'array':
      return arrays(a as unknown[], b as unknown[], member, new Map());
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'date':
      return primitives((a as Date).getTime(), (b as Date).getTime());
    default:
      return primitives(a as number, b as number);
  }
}

function kindOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 'number';
    case 'string':
    case 'boolean':
      return typeof value;
    case 'object':
      if (Array.isArray(value)) return 'array';
      if (types.isUint8Array(value)) return 'bytes';
      return types.isDate(value) ? 'date' : undefined;
    default:
      return undefined;
  }
}

/** Also of a number and a bigint, which are compared by their exact size. */
function primitives(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // Equal, or one of them is NaN.
  return Number(a !== a) - Number(b !== b);
}

/** `level` has the pairs found to be of equal rank: the same parts may stand at many places. */
function arrays(
  a: readonly unknown[],
  b: readonly unknown[],
  member: string,
  level: Map<unknown, Set<unknown>>,
): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a[i], b[i]];
    // Items that are the same need no order.
    if (level.get(one)?.has(other) || sameValue(one, other)) continue;
    const deeper = Array.isArray(one) && Array.isArray(other);
    const order = deeper ? arrays(one, other, member, level) : inOrder(one, other, member);
    if (order !== 0) return order;
    // As 1 and 1n.
    if (deeper) level.set(one, (level.get(one) ?? new Set()).add(other));
  }
  return a.length - b.length;
}
