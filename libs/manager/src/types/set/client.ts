import type { Items } from '../support/operands.js';
import type { Key } from '../support/keys.js';

/**
 * What applications see of a shared set. Members are primitives, compared as a Set compares them, or proxies, compared by
 * their object; anything else is a TypeError. They stand in the order in which they came.
 *
 * What is taken from others, `others` below, is data that can be iterated, or the proxy of a set or another container, this
 * one included. Where it has something in it that can be no member, nothing is changed.
 *
 * @example
 * ```ts
 * const online = await manager.set<string>();
 * await online.add('ada');
 * await online.has('ada'); // true
 * ```
 */
export interface SetClient<T extends Key> extends AsyncIterable<T> {
  /** Puts a member in, if it is not there. Other than a Set's `add` it gives nothing back. */
  add(member: T): Promise<void>;
  /** Whether it is a member. */
  has(member: T): Promise<boolean>;
  /** Takes a member out. Gives whether it was one. */
  delete(member: T): Promise<boolean>;
  /** Takes a member out. KeyNotFoundError where it is none. */
  remove(member: T): Promise<void>;
  /** Takes out the member that came last, and gives it. KeyNotFoundError where the set is empty. */
  pop(): Promise<T>;
  /** How many members there are. */
  size(): Promise<number>;
  /** Takes out every member. */
  clear(): Promise<void>;
  /** All members, in an array. */
  values(): Promise<T[]>;
  /** All members, in a Set. */
  copy(): Promise<Set<T>>;
  /** All members, in a Set: what `manager.copyOf(set)` gives. */
  toCopy(): Promise<Set<T>>;
  /** Puts in the members of others. */
  update(...others: Items<T>[]): Promise<void>;
  /** Keeps only what all others have, too. */
  intersectionUpdate(...others: Items<T>[]): Promise<void>;
  /** Takes out what one of the others has. */
  differenceUpdate(...others: Items<T>[]): Promise<void>;
  /** Keeps what the other has not, and puts in what only the other has. */
  symmetricDifferenceUpdate(other: Items<T>): Promise<void>;
  /** Its members and those of others, in a Set. */
  union(...others: Items<T>[]): Promise<Set<T>>;
  /** Those of its members that all others have, too, in a Set. */
  intersection(...others: Items<T>[]): Promise<Set<T>>;
  /** Those of its members that none of the others has, in a Set. */
  difference(...others: Items<T>[]): Promise<Set<T>>;
  /** What is a member of one of the two, and not of both, in a Set. */
  symmetricDifference(other: Items<T>): Promise<Set<T>>;
  /** Whether the other has all its members. */
  isSubsetOf(other: Items<T>): Promise<boolean>;
  /** Whether it has all members of the other. */
  isSupersetOf(other: Items<T>): Promise<boolean>;
  /** Whether the two have no member in common. */
  isDisjointFrom(other: Items<T>): Promise<boolean>;
  /** Every member that it has when the iteration begins. All are read in one call. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
}
