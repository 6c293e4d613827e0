import type { ProxyOf } from '../../definition/index.js';
import type { Key } from '../support/keys.js';

/**
 * What a dict is filled with: pairs of a key and a value, in an array, a Map or another iterable; a plain object, by its own
 * fields; or the proxy of a dict, whose content is copied.
 */
export type Entries<K, V> =
  | Iterable<readonly [K, V]>
  | ProxyOf<{ toCopy(): Iterable<readonly [K, V]> }>
  | (string extends K ? { readonly [key: string]: V } : K extends string ? { readonly [P in K]?: V } : never);

/**
 * What applications see of a shared dict. Keys are primitives, compared as a Map compares them, or proxies, compared by their
 * object; anything else is a TypeError. Values are copied in and out: changing one that was read changes nothing until it is
 * put back with `set()`. Entries stand in the order in which their keys came.
 *
 * @example
 * ```ts
 * const stock = await manager.dict<string, number>({ apples: 3 });
 * await stock.set('pears', 5);
 * await stock.get('apples'); // 3
 * ```
 */
export interface DictClient<K extends Key, V> extends AsyncIterable<[K, V]> {
  /** The value of a key; undefined where there is none. */
  get(key: K): Promise<V | undefined>;
  /** Gives a key its value. Other than a Map's `set` it gives nothing back. */
  set(key: K, value: V): Promise<void>;
  /** Whether there is such a key. */
  has(key: K): Promise<boolean>;
  /** Takes out a key with its value. Gives whether there was one. */
  delete(key: K): Promise<boolean>;
  /** How many keys there are. */
  size(): Promise<number>;
  /** All keys, in an array. */
  keys(): Promise<K[]>;
  /** All values, in the order of their keys, in an array. */
  values(): Promise<V[]>;
  /** All pairs of a key and its value, in an array. */
  entries(): Promise<[K, V][]>;
  /** The value of a key. Where there is none, the key gets `value`, and that is given. One step: of many who race, one sets it. */
  setDefault(key: K, value: V): Promise<V>;
  /** Takes out a key, and gives its value. KeyNotFoundError where there is none. */
  pop(key: K): Promise<V>;
  /** Takes out a key, and gives its value, or `fallback` where there is none. */
  pop<D>(key: K, fallback: D): Promise<V | D>;
  /** Takes out the key that came last, and gives it with its value. KeyNotFoundError where the dict is empty. */
  popItem(): Promise<[K, V]>;
  /** Sets the entries of others, all in one step. Where one of them is none, nothing is changed. */
  update(entries: Entries<K, V>): Promise<void>;
  /** Takes out every key. */
  clear(): Promise<void>;
  /** All entries, in a Map. */
  copy(): Promise<Map<K, V>>;
  /** All entries, in a Map: what `manager.copyOf(dict)` gives. */
  toCopy(): Promise<Map<K, V>>;
  /**
   * Every entry in turn. It fails with a StateError where the number of keys changes meanwhile. Entries are read ahead in
   * batches; `for (const [key, value] of await dict.copy())` reads all of them in one call, as they stand.
   */
  [Symbol.asyncIterator](): AsyncGenerator<[K, V], void, undefined>;
}
