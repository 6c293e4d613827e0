import type { ArrayInput, ArrayItem, Typecode } from './typecodes.js';

/**
 * A fixed number of numbers or characters of one kind: the proxy of a `SharedArray<C>`.
 *
 * The typecode `C` says what the items are. Those of `b B h H i I` are integers of 8, 16 and 32 bits, signed in lower case,
 * those of `l L q Q` integers of 64 bits as bigints, those of `f d` floats, and those of `u w` strings of one character.
 *
 * @example
 * ```ts
 * const seats = await manager.named('seats').array('B', new Array(40).fill(0));
 * await seats.set(7, 1);
 * ```
 */
export interface ArrayClient<C extends Typecode> extends AsyncIterable<ArrayItem<C>> {
  /** The item at `index`, counted from the end where it is negative; undefined where there is none. */
  at(index: number): Promise<ArrayItem<C> | undefined>;
  /**
   * Replaces the item at `index`, counted from the end where it is negative.
   *
   * @throws RangeError where there is no such index; TypeError where `value` is of the wrong kind, a fraction among
   * integers included; RangeError where the typecode has no room for it. The array is as it was.
   */
  set(index: number, value: ArrayInput<C>): Promise<void>;
  /** Items from `start` up to before `end`, as a plain array. Negative places count from the end; default: all of them. */
  slice(start?: number, end?: number): Promise<ArrayItem<C>[]>;
  /** How many items there are: as many as it was made with. */
  length(): Promise<number>;
  /**
   * Sets the items from `start` up to before `end` to `value`. Negative places count from the end; default: all of them.
   *
   * @throws as `set` does for the value.
   */
  fill(value: ArrayInput<C>, start?: number, end?: number): Promise<void>;
  /** What `manager.copyOf()` gives: all items, as a plain array. */
  toCopy(): Promise<ArrayItem<C>[]>;
  /**
   * Every item in turn, as it is when it is its turn. Each step is a call; `for (const item of await array.slice())` is one
   * call for all.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ArrayItem<C>, void, undefined>;
}
