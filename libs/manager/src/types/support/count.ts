import { shown } from './shown.js';

/**
 * An argument that says how many: a whole number, `least` or more. `what` begins the message.
 *
 * @throws TypeError where it is no number; RangeError where it is another one.
 */
export function checkCount(value: unknown, least: number, what: string): number {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`${what} is a number, got ${shown(value)}.`);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${what} is a whole number, ${least} or more, got ${value}.`);
}
