import { shown } from './shown.js';

/**
 * An argument that says a place in a sequence: a whole number, or an infinity, as JavaScript's own sequences take one.
 *
 * @throws TypeError where it is anything else. It came from the network, and may be anything.
 */
export function checkPosition(value: unknown, member: string, what = 'index'): number {
  if (typeof value === 'number' && (Number.isInteger(value) || Math.abs(value) === Infinity)) return value;
  throw new TypeError(`${member}() takes an integer as its ${what}, got ${shown(value)}.`);
}

/** A place that may be left out. */
export function checkOptionalPosition(value: unknown, member: string, what?: string): number | undefined {
  return value === undefined ? undefined : checkPosition(value, member, what);
}
