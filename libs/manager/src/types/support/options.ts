import { shown } from './shown.js';

/**
 * The options of a call.
 *
 * @throws TypeError for what is no plain object, and for an option that there is not: it may be one that was misspelt.
 */
export function checkOptions<N extends string>(
  value: unknown,
  names: readonly N[],
  member: string,
): { readonly [K in N]?: unknown } {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new TypeError(`${member}() takes its options in an object, got ${shown(value)}.`);
  }
  const odd = Object.keys(value).find((name) => !(names as readonly string[]).includes(name));
  if (odd === undefined) return value as { readonly [K in N]?: unknown };
  throw new TypeError(`${member}() has no option ${shown(odd)}. There are: ${names.join(', ')}.`);
}
