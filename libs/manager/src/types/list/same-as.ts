import { isProxy } from '../../definition/index.js';
import { sameObject, sameValue } from '../support/structure.js';

/** A question for many items: whether each is the same as `value`, by structure. */
export function sameAs(value: unknown): (item: unknown) => boolean {
  if (typeof value !== 'object' || value === null) {
    return value === value ? (item) => item === value : (item) => item !== item;
  }
  if (isProxy(value)) return (item) => isProxy(item) && sameObject(item, value);
  return (item) => typeof item === 'object' && item !== null && sameValue(item, value);
}
