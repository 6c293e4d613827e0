import { isProxy, type AnyProxy, type SharedClass, type SharedProxy, type TypeToken } from '../definition/index.js';
import type { SharedArray } from './array/referent.js';
import type { ArrayInput, Typecode } from './array/typecodes.js';
import { classes } from './built-in.js';
import type { Entries } from './dict/client.js';
import type { Dict } from './dict/referent.js';
import type { SharedEvent } from './event/referent.js';
import type { List } from './list/referent.js';
import type { Lock } from './lock/referent.js';
import type { Namespace } from './namespace/referent.js';
import type { Queue } from './queue/referent.js';
import type { RLock } from './rlock/referent.js';
import type { SharedSet } from './set/referent.js';
import type { Key } from './support/keys.js';
import type { Items } from './support/operands.js';
import type { Value } from './value/referent.js';

/**
 * The creators of the built-in types. On a manager and on `at(server)` they make a new object each time; on `named(name)`
 * they give the object of that name, made by the first who asks. They throw what `create` throws, and what the
 * constructor does not take.
 */
export interface BuiltIns {
  /** A list, filled with copies of `items`: any iterable, or a proxy of a list or a set. */
  list<T = unknown>(items?: Items<T>): Promise<SharedProxy<List<T>>>;
  /** A dict, filled with `entries`: pairs, a Map, an object, or a proxy of a dict. Keys are primitives or proxies. */
  dict<K extends Key = string, V = unknown>(entries?: Entries<K, V>): Promise<SharedProxy<Dict<K, V>>>;
  /** A set, filled with `members`: any iterable, or a proxy of a set or a list. Members are primitives or proxies. */
  set<T extends Key = Key>(members?: Items<T>): Promise<SharedProxy<SharedSet<T>>>;
  /** A queue of `maxSize` items at most; 0 (default) or less for no bound. */
  queue<T = unknown>(maxSize?: number): Promise<SharedProxy<Queue<T>>>;
  /** The same as `queue`: every queue has `taskDone` and `join`. */
  joinableQueue<T = unknown>(maxSize?: number): Promise<SharedProxy<Queue<T>>>;
  /** A flag that applications wait for; down at first. */
  event(): Promise<SharedProxy<SharedEvent>>;
  /** A lock: one owner at a time, over all applications. */
  lock(): Promise<SharedProxy<Lock>>;
  /** A lock that the task which holds it may acquire again. */
  rlock(): Promise<SharedProxy<RLock>>;
  /** One value that is read and set as a whole, and counted up in one step. */
  value<T>(initial: T): Promise<SharedProxy<Value<T>>>;
  /** An array of a fixed length whose items have one type, by Python's code: `'i'` are 32-bit integers, `'d'` doubles. */
  array<C extends Typecode>(typecode: C, values: Items<ArrayInput<C>>): Promise<SharedProxy<SharedArray<C>>>;
  /** Fields with names and types of their own. */
  namespace<T extends object = Record<string, unknown>>(fields?: T): Promise<SharedProxy<Namespace<T>>>;
}

type Create = (type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, ...args: unknown[]) => unknown;

/** What can be iterated travels as an array; what is data or a proxy as it is. */
function carried(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || isProxy(value as AnyProxy)) return value;
  if (Array.isArray(value) || value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return value;
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
    ? [...(value as Iterable<unknown>)]
    : value;
}

/** Gives creators of the built-in types to a class that can create. */
export function addBuiltIns(prototype: object): void {
  for (const [name, type] of Object.entries(classes)) {
    const value = function (this: { create: Create }, ...args: unknown[]): unknown {
      return this.create(type, ...args.map(carried));
    };
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
