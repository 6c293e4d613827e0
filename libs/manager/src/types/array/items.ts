import { shown } from '../support/shown.js';
import type { Kind } from './typecodes.js';

/**
 * What is stored for an item of an array. `what` names it, at the head of an error's message.
 *
 * @throws TypeError where it is of the wrong kind, a fraction among integers included; RangeError where its code has no
 * room for it.
 */
export function toCell(kind: Kind, value: unknown, what: () => string): number | bigint {
  switch (kind.holds) {
    case 'float':
      if (typeof value === 'number') return value;
      throw new TypeError(`${what()} must be a number, got ${shown(value)}.`);
    case 'character':
      return toCodePoint(value, what);
    case 'bigint':
      return bounded(kind, toBigInt(value, what), what);
    default:
      if (typeof value === 'number' && Number.isInteger(value)) return bounded(kind, value, what);
      throw new TypeError(`${what()} must be an integer, got ${shown(value)}.`);
  }
}

/** The item that a cell stands for. */
export function fromCell(kind: Kind, cell: number | bigint): number | bigint | string {
  return kind.holds === 'character' ? String.fromCodePoint(cell as number) : cell;
}

function toCodePoint(value: unknown, what: () => string): number {
  const point = typeof value === 'string' ? value.codePointAt(0) : undefined;
  if (point !== undefined && String.fromCodePoint(point) === value) return point;
  throw new TypeError(`${what()} must be a string of one character, got ${shown(value)}.`);
}

function toBigInt(value: unknown, what: () => string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${what()} must be an integer, as a bigint or a number, got ${shown(value)}.`);
  }
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new RangeError(
    `${what()} is the number ${value}, which may not be the integer that was meant: give it as a bigint.`,
  );
}

function bounded<T extends number | bigint>({ least, most }: Kind, value: T, what: () => string): T {
  if (value >= (least as T) && value <= (most as T)) return value;
  throw new RangeError(`${what()} must be from ${least} to ${most}, got ${shown(value)}.`);
}
