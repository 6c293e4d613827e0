import { client, holdWithin, releaseWithin, SharedType } from '../../definition/index.js';
import { sameValue } from '../support/structure.js';
import type { Addend, ValueClient } from './client.js';
import { sum } from './sum.js';

/**
 * One value of any kind, with the two changes that must not be torn apart: `add` and `compareAndSet`.
 *
 * @example
 * ```ts
 * const price = await manager.create(Value<number>, 10);
 * await price.compareAndSet(10, 12); // true
 * ```
 */
@SharedType({ typeid: 'value' })
export class Value<T> {
  declare readonly [client]?: ValueClient<T>;
  #value: T;

  constructor(initial: T) {
    this.#value = holdWithin(initial, this);
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    const before = this.#value;
    // What stands in both is never without a holder.
    this.#value = holdWithin(value, this);
    releaseWithin(before);
  }

  add(n: Addend<T>): Addend<T> {
    const result = sum(this.#value, n) as Addend<T>;
    this.#value = result;
    return result;
  }

  compareAndSet(expected: T, next: T): boolean {
    if (!sameValue(this.#value, expected)) return false;
    this.set(next);
    return true;
  }

  toCopy(): T {
    return this.#value;
  }
}
