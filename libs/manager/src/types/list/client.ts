import type { ProxyOf } from '../../definition/index.js';
import type { Items } from '../support/operands.js';

/** How `sort()` orders a list. */
export interface SortOptions {
  /**
   * The path of the property to sort by, as in `'address.city'`. Own properties only.
   * @default the items themselves
   */
  key?: string;
  /** Whether the largest comes first. Items of equal rank keep their order all the same. @default false */
  reverse?: boolean;
}

/**
 * What applications see of a shared list. Items are copied in and out: changing one that was read changes nothing until it
 * is put back with `set()`. Indexes are whole numbers; a negative one counts from the end. Anything else in their place is
 * a TypeError or RangeError, and the list stays as it was.
 *
 * @example
 * ```ts
 * const jobs = await manager.list<{ id: number; done: boolean }>();
 * await jobs.push({ id: 1, done: false });
 * await jobs.set(0, { id: 1, done: true });
 * ```
 */
export interface ListClient<T> extends AsyncIterable<T> {
  /** The item at `index`; undefined where there is none. */
  at(index: number): Promise<T | undefined>;
  /** Replaces the item at `index`. RangeError where there is none: a list has no holes. */
  set(index: number, value: T): Promise<void>;
  /** How many items there are. */
  length(): Promise<number>;
  /** Puts values at the end. Gives the new length. */
  push(...values: T[]): Promise<number>;
  /** Takes out the last item, and gives it; undefined where the list is empty. */
  pop(): Promise<T | undefined>;
  /** Takes out the item at `index`, and gives it. RangeError where there is none. */
  pop(index: number): Promise<T>;
  /** Takes out the first item, and gives it; undefined where the list is empty. */
  shift(): Promise<T | undefined>;
  /** Puts values at the start, in their order. Gives the new length. */
  unshift(...values: T[]): Promise<number>;
  /** Puts a value before the item at `index`; before the first or behind the last one where there is no such place. */
  insert(index: number, value: T): Promise<void>;
  /** Takes out the first item that is the same as `value`. RangeError where there is none. */
  remove(value: T): Promise<void>;
  /** Puts the items of data that can be iterated, or of another container by its proxy, at the end. */
  extend(values: Items<T>): Promise<void>;
  /** Takes out `deleteCount` items from `start` on (default: all of them), puts others there, and gives what was taken out. */
  splice(start: number, deleteCount?: number, ...values: T[]): Promise<T[]>;
  /**
   * The items from `start` (default: the first) to before `end` (default: the length), every `step`-th of them. A negative
   * step goes from the end to the start, as in Python: `slice(undefined, undefined, -1)` is the list reversed.
   */
  slice(start?: number, end?: number, step?: number): Promise<T[]>;
  /** Takes out the item at `index`. RangeError where there is none. */
  delete(index: number): Promise<void>;
  /** Where the first item stands that is the same as `value`, from `fromIndex` on; -1 where there is none. */
  indexOf(value: T, fromIndex?: number): Promise<number>;
  /** Whether there is an item that is the same as `value`, from `fromIndex` on. */
  includes(value: T, fromIndex?: number): Promise<boolean>;
  /** How many items are the same as `value`. */
  count(value: T): Promise<number>;
  /** Turns the order round. */
  reverse(): Promise<void>;
  /**
   * Sorts in place, as Python does: numbers and bigints by size, strings by code units, `false` before `true`, dates by
   * time, arrays and bytes by the first item that differs; items of equal rank keep their order. TypeError for items of
   * different kinds and for what has no order, and where an item has no property `key`; the list is then as it was.
   */
  sort(options?: SortOptions): Promise<void>;
  /** The items and those of others in one array: arrays and proxies of lists by their items, anything else as an item. */
  concat(...others: (T | readonly T[] | ProxyOf<{ toCopy(): readonly T[] }>)[]): Promise<T[]>;
  /** Takes out every item. */
  clear(): Promise<void>;
  /** All items, in an array. */
  copy(): Promise<T[]>;
  /** The items as strings, in one string. @default separator ',' */
  join(separator?: string): Promise<string>;
  /** All items, in an array: what `manager.copyOf(list)` gives. */
  toCopy(): Promise<T[]>;
  /**
   * Every item in turn, as the list is when it is its turn: items that were added meanwhile come too. Each step is a call;
   * `for (const item of await list.copy())` is one call for all.
   */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
}
