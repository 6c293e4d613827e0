/** What can be added to a `T`: nothing, where `T` is neither a number nor a bigint. */
export type Addend<T> = T & (number | bigint);

/**
 * One value that several applications read and write: the proxy of a `Value<T>`.
 *
 * What is read is a copy. Changing it changes nothing until it is put back with `set` or `compareAndSet`.
 *
 * @example
 * ```ts
 * const visits = await manager.named('visits').value(0);
 * const mine = await visits.add(1);
 * ```
 */
export interface ValueClient<T> {
  /** A copy of the value. */
  get(): Promise<T>;
  /** Replaces the value by a copy of this one. Proxies in it are held for as long as it stands here. */
  set(value: T): Promise<void>;
  /**
   * Adds to the value and gives the sum, in one step: of any number of additions made at once none is lost.
   *
   * @throws TypeError where the value or `n` is neither a number nor a bigint, where one is a number and the other a
   * bigint, and where `n` is NaN; RangeError where the sum is a bigint of more than 4096 bytes. The value is as it was.
   */
  add(n: Addend<T>): Promise<Addend<T>>;
  /**
   * Replaces the value by a copy of `next` if it is the same as `expected`, in one step; answers whether it was. Data is
   * compared by structure, at any depth, and proxies by the object that they stand for. NaN is NaN, and `1` is not `1n`.
   */
  compareAndSet(expected: T, next: T): Promise<boolean>;
  /** What `manager.copyOf()` gives: a copy of the value. */
  toCopy(): Promise<T>;
}
