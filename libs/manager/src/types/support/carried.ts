import { types } from 'node:util';
import { isProxy } from '../../definition/index.js';

/**
 * In the application: a generator, or anything else that is iterated by code of its own, as an array, which can travel. Data
 * and proxies are given back as they are.
 */
export function carried<T>(value: T): T | unknown[] {
  if (typeof value !== 'object' || value === null || isProxy(value) || Array.isArray(value)) return value;
  if (types.isMap(value) || types.isSet(value) || ArrayBuffer.isView(value)) return value;
  return typeof (value as unknown as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
    ? Array.from(value as unknown as Iterable<unknown>)
    : value;
}
