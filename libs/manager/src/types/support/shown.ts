import { inspect } from 'node:util';

/** A value as the message of an error shows it: on one line, and no longer than helps. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, compact: true, maxArrayLength: 4, maxStringLength: 60 });
}
