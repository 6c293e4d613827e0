import { inspect } from 'node:util';

/**
 * Milliseconds as an argument says them; undefined for ever, which is what is not given, null and Infinity.
 *
 * @throws TypeError where it is no number.
 */
export function duration(value: unknown, of: string): number | undefined {
  if (value === undefined || value === null || value === Infinity) return undefined;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${of} takes its timeout as a number of ms, got ${inspect(value, { depth: 0 })}.`);
  }
  return value;
}

/**
 * The same, of a member that takes no negative times.
 *
 * @throws RangeError where it is negative.
 */
export function waitingTime(value: unknown, of: string): number | undefined {
  const time = duration(value, of);
  if (time !== undefined && time < 0) {
    throw new RangeError(`The timeout of ${of} must not be negative, got ${time}.`);
  }
  return time;
}

/** What `acquire` of a lock and the like takes. */
export interface AcquireOptions {
  /** Whether to wait where it is not free. @default true */
  blocking?: boolean | undefined;
  /** Ms to wait; -1, Infinity or none for ever. @default none */
  timeout?: number | undefined;
}

/**
 * Checks options as Python does.
 *
 * @throws TypeError for what are no options; RangeError for a timeout of a call that does not wait, and for a negative one but -1.
 */
export function acquireOptions(options: unknown, of: string): { blocking: boolean; timeout: number | undefined } {
  if (options === undefined || options === null) return { blocking: true, timeout: undefined };
  if (typeof options !== 'object') {
    throw new TypeError(`${of} takes options, { blocking, timeout }, got ${inspect(options, { depth: 0 })}.`);
  }
  const { blocking = true, timeout: given } = options as Record<string, unknown>;
  if (typeof blocking !== 'boolean') {
    throw new TypeError(`The option \`blocking\` of ${of} is true or false, got ${inspect(blocking, { depth: 0 })}.`);
  }
  const timeout = given === -1 ? undefined : waitingTime(given, of);
  if (!blocking && timeout !== undefined) {
    throw new RangeError(`${of} cannot have a timeout when it does not wait (\`blocking: false\`).`);
  }
  return { blocking, timeout };
}
