import { types } from 'node:util';
import { isProxy } from '../../definition/index.js';

/**
 * In the application: a generator, or anything else that is iterated by code of its own, as an array, which can travel. Data
 * and proxies are given back as they are.
 */
export function carried<T>(value: T): T | unknown[] {
  return iteratesByCode(value) ? Array.from(value) : value;
}

/** Whether a value is iterated, and is neither data that can travel nor a proxy. */
export function iteratesByCode(value: unknown): value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null || isProxy(value) || Array.isArray(value)) return false;
  if (types.isMap(value) || types.isSet(value) || ArrayBuffer.isView(value)) return false;
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}
