import { MAX_BIGINT_BYTES } from '../../protocol/extensions.js';
import { shown } from '../support/shown.js';

/** Of the bigints that a message carries: what is larger could never be read again. */
const LIMIT = 1n << BigInt(MAX_BIGINT_BYTES * 8 - 1);

/**
 * The value after `n` was added to it.
 *
 * @throws TypeError, RangeError
 */
export function sum(value: unknown, n: unknown): number | bigint {
  if (typeof n === 'number' && Number.isNaN(n)) {
    // A counter would be NaN from then on, for everybody.
    throw new TypeError('add() takes a number or a bigint, got NaN.');
  }
  if (typeof n !== 'number' && typeof n !== 'bigint') {
    throw new TypeError(`add() takes a number or a bigint, got ${shown(n)}.`);
  }
  if (typeof value === 'number' && typeof n === 'number') return value + n;
  if (typeof value === 'bigint' && typeof n === 'bigint') return bounded(value + n);
  if (typeof value === 'number' || typeof value === 'bigint') {
    throw new TypeError(`add() cannot add the ${typeof n} ${shown(n)} to a ${typeof value}: convert one of them.`);
  }
  throw new TypeError(`add() needs a value that is a number or a bigint, and this one is ${shown(value)}.`);
}

function bounded(value: bigint): bigint {
  if (value >= -LIMIT && value < LIMIT) return value;
  throw new RangeError(`The sum is a bigint of more than ${MAX_BIGINT_BYTES} bytes, which no message carries.`);
}
