import { inspect, type InspectOptions } from 'node:util';
import { client, holdWithin, releaseWithin, SharedType } from '../../definition/index.js';
import { holdEach } from '../support/hold-each.js';
import { itemsOf, typeidOfProxy, withCopies, type Items } from '../support/operands.js';
import { existingPlace, placeBetween } from '../support/places.js';
import { checkOptionalPosition, checkPosition } from '../support/position.js';
import { shown } from '../support/shown.js';
import type { ListClient, SortOptions } from './client.js';
import { ListMembers } from './proxy.js';
import { sameAs } from './same-as.js';
import { sliced } from './sliced.js';
import { sorted } from './sorted.js';

/**
 * A list that applications share, as an array is within one of them. It is what `manager.list()` makes.
 *
 * @example
 * ```ts
 * const jobs = await manager.list<Job>();
 * await jobs.push({ id: 1 });
 * ```
 */
@SharedType({ typeid: 'list', proxy: () => ListMembers })
export class List<T = unknown> {
  declare readonly [client]?: ListClient<T>;
  #items: T[] = [];

  /**
   * @param items what it begins with. Of a proxy it is a copy, which takes time: the constructor then gives a promise of the
   * list, so that hosted code calls `manager.list(proxy)` and not the constructor.
   */
  constructor(items?: Items<T>) {
    if (items === undefined) return;
    const filled = withCopies([items], 'list', ([source]) => {
      this.#items = holdEach(itemsOf(source, 'list'), this) as T[];
      return this;
    });
    if (filled !== this) return filled as never;
  }

  at(index: number): T | undefined {
    return this.#items.at(checkPosition(index, 'at'));
  }

  set(index: number, value: T): void {
    const at = existingPlace(index, this.#items.length, 'set');
    const before = this.#items[at];
    this.#items[at] = holdWithin(value, this);
    releaseWithin(before);
  }

  length(): number {
    return this.#items.length;
  }

  push(...values: T[]): number {
    this.#append(values);
    return this.#items.length;
  }

  pop(index?: number): T | undefined {
    if (index !== undefined) return this.#take(existingPlace(index, this.#items.length, 'pop'));
    const item = this.#items.pop();
    releaseWithin(item);
    return item;
  }

  shift(): T | undefined {
    const item = this.#items.shift();
    releaseWithin(item);
    return item;
  }

  unshift(...values: T[]): number {
    this.#replace(0, 0, values);
    return this.#items.length;
  }

  insert(index: number, value: T): void {
    const at = placeBetween(checkPosition(index, 'insert'), this.#items.length);
    this.#replace(at, 0, [value]);
  }

  remove(value: T): void {
    const at = this.#items.findIndex(sameAs(value));
    if (at < 0) throw new RangeError(`remove() found no item that is the same as ${shown(value)}.`);
    this.#take(at);
  }

  extend(values: Items<T>): void | Promise<void> {
    return withCopies([values], 'extend', ([source]) => this.#append(itemsOf(source, 'extend') as T[]));
  }

  splice(...args: [start?: number, deleteCount?: number, ...values: T[]]): T[] {
    const { length } = this.#items;
    const [start, deleteCount, ...values] = args;
    if (args.length === 0) return [];
    const from = placeBetween(checkOptionalPosition(start, 'splice', 'start') ?? 0, length);
    const count = checkOptionalPosition(deleteCount, 'splice', 'deleteCount') ?? (args.length === 1 ? length : 0);
    return this.#replace(from, Math.max(0, Math.min(count, length - from)), values);
  }

  slice(start?: number, end?: number, step?: number): T[] {
    const from = checkOptionalPosition(start, 'slice', 'start');
    const to = checkOptionalPosition(end, 'slice', 'end');
    return sliced(this.#items, from, to, checkOptionalPosition(step, 'slice', 'step'));
  }

  delete(index: number): void {
    this.#take(existingPlace(index, this.#items.length, 'delete'));
  }

  indexOf(value: T, fromIndex?: number): number {
    return this.#find(value, fromIndex, 'indexOf');
  }

  includes(value: T, fromIndex?: number): boolean {
    return this.#find(value, fromIndex, 'includes') >= 0;
  }

  count(value: T): number {
    const isSame = sameAs(value);
    let count = 0;
    for (const item of this.#items) if (isSame(item)) count++;
    return count;
  }

  reverse(): void {
    this.#items.reverse();
  }

  sort(options?: SortOptions): void {
    this.#items = sorted(this.#items, options);
  }

  concat(...others: unknown[]): T[] | Promise<T[]> {
    const join = (parts: readonly unknown[]): T[] => this.#items.concat(...(parts as T[]));
    return withCopies(others, 'concat', join, (proxy) => typeidOfProxy(proxy) === 'list');
  }

  clear(): void {
    releaseWithin(this.#items);
    this.#items = [];
  }

  copy(): T[] {
    return [...this.#items];
  }

  join(separator?: string): string {
    if (separator === undefined || typeof separator === 'string') return this.#items.join(separator);
    throw new TypeError(`join() takes a string as its separator, got ${shown(separator)}.`);
  }

  /** What `manager.copyOf(list)` gives. */
  toCopy(): T[] {
    return this.copy();
  }

  /** For iteration: the item in an array of its own, since an item may be undefined; nothing past the end. */
  item(index: number): [item: T] | undefined {
    const at = existingPlace(index, Infinity, 'item');
    return at < this.#items.length ? [this.#items[at] as T] : undefined;
  }

  /** For the census. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `List(${this.#items.length}) ${inspect(this.#items, options)}`;
  }

  #append(values: readonly T[]): void {
    // Not by `push(...values)`: there may be more of them than a call can have arguments.
    for (const value of holdEach(values, this)) this.#items.push(value);
  }

  #take(at: number): T {
    return this.#replace(at, 1, [])[0] as T;
  }

  #replace(from: number, count: number, values: readonly T[]): T[] {
    const removed = this.#items.slice(from, from + count);
    const held = holdEach(values, this);
    if (held.length < 1000) this.#items.splice(from, count, ...held);
    else this.#items = this.#items.slice(0, from).concat(held, this.#items.slice(from + count));
    releaseWithin(removed);
    return removed;
  }

  #find(value: T, fromIndex: number | undefined, member: string): number {
    const { length } = this.#items;
    const isSame = sameAs(value);
    for (let at = placeBetween(checkOptionalPosition(fromIndex, member, 'fromIndex') ?? 0, length); at < length; at++) {
      if (isSame(this.#items[at])) return at;
    }
    return -1;
  }
}
