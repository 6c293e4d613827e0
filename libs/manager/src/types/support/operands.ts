import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';
import { findCall, handleOf, isProxy, ITERATOR, type AnyProxy, type ProxyOf } from '../../definition/index.js';
import { MethodNotExposedError } from '../../protocol/index.js';
import { shown } from './shown.js';

/**
 * What containers are filled with, and compared to: data that can be iterated, or the proxy of a container, whose content
 * is copied.
 */
export type Items<T> = Iterable<T> | ProxyOf<{ toCopy(): Iterable<T> }>;

/** Items of an iterator that are read in one go. */
const PAUSE = 1000;

/**
 * Whether a value is data that JavaScript iterates: an array, a Set, a Map (by its entries), a string (by its characters)
 * or a typed array.
 */
export function isIterableData(value: unknown): value is Iterable<unknown> {
  if (typeof value === 'string') return true;
  return Array.isArray(value) || types.isSet(value) || types.isMap(value) || types.isTypedArray(value);
}

/**
 * The items of such data, in an array of their own.
 *
 * @throws TypeError for anything else.
 */
export function itemsOf(value: unknown, member: string): unknown[] {
  if (isIterableData(value)) return Array.from(value);
  throw new TypeError(`${member}() takes an array or other data that can be iterated, got ${shown(value)}.`);
}

/**
 * Calls `then` with the operands of a member, where proxies are replaced by copies of what they stand for: at once where
 * there is no proxy, so that the call stays one step. Asking for a copy is a call that is part of the one that runs.
 */
export function withCopies<R>(
  operands: readonly unknown[],
  member: string,
  then: (operands: readonly unknown[]) => R,
  isOperand: (proxy: AnyProxy) => boolean = () => true,
): R | Promise<R> {
  const isCopied = (value: unknown): value is AnyProxy => isProxy(value) && isOperand(value);
  if (!operands.some(isCopied)) return then(operands);
  return Promise.all(operands.map((one) => (isCopied(one) ? copyOf(one, member) : one))).then(then);
}

/** The typeid of what a proxy stands for. */
export function typeidOfProxy(proxy: AnyProxy): string | undefined {
  return handleOf(proxy)?.target.typeid;
}

async function copyOf(proxy: AnyProxy, member: string): Promise<unknown> {
  const typeid = typeidOfProxy(proxy);
  if (typeid === ITERATOR) return allOf(proxy as unknown as AsyncIterable<unknown>);
  try {
    return await handleOf(proxy)?.call('toCopy', []);
  } catch (error) {
    if (!(error instanceof MethodNotExposedError)) throw error;
    throw new TypeError(`${member}() cannot take a proxy of ${typeid}, which has no toCopy().`, { cause: error });
  }
}

async function allOf(iterator: AsyncIterable<unknown>): Promise<unknown[]> {
  // It may never end; the caller's patience does. The loop takes no turn of the event loop by itself, in which that is heard.
  const signal = findCall()?.signal;
  const items: unknown[] = [];
  for await (const item of iterator) {
    if (items.push(item) % PAUSE === 0) await setImmediate();
    signal?.throwIfAborted();
  }
  return items;
}
