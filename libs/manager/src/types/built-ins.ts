import type { SharedClass, SharedProxy, TypeToken } from '../definition/index.js';
import type { SharedArray } from './array/referent.js';
import type { ArrayInput, Typecode } from './array/typecodes.js';
import type { BarrierOptions } from './barrier/client.js';
import type { Barrier } from './barrier/referent.js';
import type { BoundedSemaphore } from './boundedSemaphore/referent.js';
import { classes } from './built-in.js';
import type { Condition } from './condition/referent.js';
import type { Entries } from './dict/client.js';
import type { Dict } from './dict/referent.js';
import type { SharedEvent } from './event/referent.js';
import type { List } from './list/referent.js';
import type { Lock } from './lock/referent.js';
import type { Namespace } from './namespace/referent.js';
import type { AnyTasks, PoolOptions } from './pool/client.js';
import type { Pool } from './pool/referent.js';
import type { Queue } from './queue/referent.js';
import type { RLock } from './rlock/referent.js';
import type { Semaphore } from './semaphore/referent.js';
import type { SharedSet } from './set/referent.js';
import { carried } from './support/carried.js';
import type { Key } from './support/keys.js';
import type { Items } from './support/operands.js';
import type { Value } from './value/referent.js';

/** What is not iterated, and no proxy. */
type Plain = { readonly [Symbol.iterator]?: never; readonly [Symbol.asyncDispose]?: never };
/**
 * Nothing can be given where `K` cannot be keys. A constraint `K extends Key` would say so too, and have `['a', 'b']` taken
 * for keys that are `'a'` or `'b'` and nothing else.
 */
type KeysOnly<K> = [K] extends [Key] ? unknown : never;

/**
 * The creators of the built-in types. On a manager and on `at(server)` they make a new object each time; on `named(name)`
 * they give the object of that name, made by the first who asks. They throw what `create` throws, and what the
 * constructor does not take.
 */
export interface BuiltIns {
  /** A list, filled with copies of `items`: any iterable, or a proxy of a list or a set. */
  list<T = unknown>(items?: Items<T>): Promise<SharedProxy<List<T>>>;
  /** An empty dict. Keys are primitives or proxies. */
  dict<K extends Key = string, V = unknown>(): Promise<SharedProxy<Dict<K, V>>>;
  /** A dict, filled with the fields of a plain object. */
  dict<V>(fields: { readonly [key: string]: V } & Plain): Promise<SharedProxy<Dict<string, V>>>;
  /** A dict, filled with `entries`: pairs, a Map, an object, or a proxy of a dict. Keys are primitives or proxies. */
  dict<K, V>(entries: (Entries<K, V> & KeysOnly<K>) | undefined): Promise<SharedProxy<Dict<Extract<K, Key>, V>>>;
  /** An empty set. Members are primitives or proxies. */
  set<T extends Key = Key>(): Promise<SharedProxy<SharedSet<T>>>;
  /** A set, filled with `members`: any iterable, or a proxy of a set or a list. Members are primitives or proxies. */
  set<T>(members: (Items<T> & KeysOnly<T>) | undefined): Promise<SharedProxy<SharedSet<Extract<T, Key>>>>;
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
  /** A semaphore of `n` permits (1 by default, an integer, 0 or more); `release()` may add some. */
  semaphore(n?: number): Promise<SharedProxy<Semaphore>>;
  /** A semaphore that never has more permits than the `n` it is made with (1 by default). */
  boundedSemaphore(n?: number): Promise<SharedProxy<BoundedSemaphore>>;
  /** A condition over a `lock` or an `rlock` of the same server, or over a lock of its own. */
  condition(lock?: SharedProxy<Lock> | SharedProxy<RLock>): Promise<SharedProxy<Condition>>;
  /** A barrier for so many parties, 1 or more. `timeout` (ms) is that of a `wait()` that is not told its own; none by default. */
  barrier(parties: number, options?: BarrierOptions): Promise<SharedProxy<Barrier>>;
  /**
   * Worker threads of the server that run the functions which a module of the server exports; as many as its machine has
   * processors, if `size` is undefined.
   */
  pool<M = AnyTasks>(size: number | undefined, options: PoolOptions): Promise<SharedProxy<Pool<M>>>;
  /** One value that is read and set as a whole, and counted up in one step. */
  value<T>(initial: T): Promise<SharedProxy<Value<T>>>;
  /** An array of a fixed length whose items have one type, by Python's code: `'i'` are 32-bit integers, `'d'` doubles. */
  array<C extends Typecode>(typecode: C, values: Items<ArrayInput<C>>): Promise<SharedProxy<SharedArray<C>>>;
  /** Fields with names and types of their own. */
  namespace<T extends object = Record<string, unknown>>(fields?: T): Promise<SharedProxy<Namespace<T>>>;
}

type Create = (type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, ...args: unknown[]) => unknown;

/** What an argument is replaced by so that it can travel, for the types that take other ones: those that are filled. */
const travelling: Readonly<Record<string, (arg: unknown) => unknown>> = {
  array: carried,
  dict: carried,
  list: carried,
  set: carried,
  pool: withoutUrl,
};

/** Gives creators of the built-in types to a class that can create. */
export function addBuiltIns(prototype: object): void {
  for (const [name, type] of Object.entries(classes)) {
    const value = function (this: { create: Create }, ...args: unknown[]): unknown {
      const travel = travelling[name];
      return this.create(type, ...(travel ? args.map((arg) => travel(arg)) : args));
    };
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

/** The options of a pool, where the URL of its module is a string. */
function withoutUrl(arg: unknown): unknown {
  const tasks: unknown = (arg as Partial<PoolOptions> | null | undefined)?.tasks;
  return tasks instanceof URL ? { ...(arg as PoolOptions), tasks: tasks.href } : arg;
}
