import { inspect, type InspectOptions } from 'node:util';
import { client, SharedType } from '../../definition/index.js';
import { KeyNotFoundError } from '../../protocol/index.js';
import { Keyed } from '../support/keyed.js';
import type { Key } from '../support/keys.js';
import { itemsOf, withCopies, type Items } from '../support/operands.js';
import { shown } from '../support/shown.js';
import type { SetClient } from './client.js';
import { SetMembers } from './proxy.js';

/** Members of an operand, each by what stands for it. */
type Members = ReadonlyMap<unknown, unknown>;

/**
 * A set that applications share, as a Set is within one of them. It is what `manager.set()` makes.
 *
 * @example
 * ```ts
 * const online = await manager.set<string>(['ada']);
 * await online.has('ada'); // true
 * ```
 */
@SharedType({ typeid: 'set', proxy: () => SetMembers })
export class SharedSet<T extends Key = Key> {
  declare readonly [client]?: SetClient<T>;
  readonly #content = new Keyed<undefined>(this, 'a member');

  /**
   * @param members what it begins with. Of a proxy it is a copy, which takes time: the constructor then gives a promise of the
   * set, so that hosted code calls `manager.set(proxy)` and not the constructor.
   */
  constructor(members?: Items<T>) {
    if (members === undefined) return;
    const filled = this.#with([members], 'set', ([first]) => {
      this.#addAll(first);
      return this;
    });
    // A promise, which the server awaits.
    if (filled !== this) return filled as never;
  }

  add(member: T): void {
    this.#content.set(this.#content.slot(member, 'add'), member, undefined);
  }

  has(member: T): boolean {
    return this.#content.has(this.#content.slot(member, 'has'));
  }

  delete(member: T): boolean {
    return this.#content.take(this.#content.slot(member, 'delete')) !== undefined;
  }

  remove(member: T): void {
    if (this.#content.take(this.#content.slot(member, 'remove'))) return;
    throw new KeyNotFoundError(`remove() found no member ${shown(member)} in the set.`, {
      typeid: 'set',
      method: 'remove',
    });
  }

  pop(): T {
    const entry = this.#content.takeLast();
    if (entry) return entry.key as T;
    throw new KeyNotFoundError('pop() found the set empty.', { typeid: 'set', method: 'pop' });
  }

  size(): number {
    return this.#content.size;
  }

  clear(): void {
    this.#content.clear();
  }

  values(): T[] {
    return Array.from(this.#content.entries(), ({ key }) => key as T);
  }

  copy(): Set<T> {
    return new Set(this.values());
  }

  /** What `manager.copyOf(set)` gives. */
  toCopy(): Set<T> {
    return this.copy();
  }

  update(...others: Items<T>[]): void | Promise<void> {
    return this.#with(others, 'update', (sources) => sources.forEach((source) => this.#addAll(source)));
  }

  intersectionUpdate(...others: Items<T>[]): void | Promise<void> {
    return this.#with(others, 'intersectionUpdate', (sources) =>
      this.#takeAll((slot) => !sources.every((source) => source.has(slot))),
    );
  }

  differenceUpdate(...others: Items<T>[]): void | Promise<void> {
    return this.#with(others, 'differenceUpdate', (sources) =>
      this.#takeAll((slot) => sources.some((source) => source.has(slot))),
    );
  }

  symmetricDifferenceUpdate(other: Items<T>): void | Promise<void> {
    return this.#with([other], 'symmetricDifferenceUpdate', ([source]) => {
      const added = this.#others(source);
      this.#takeAll((slot) => source.has(slot));
      this.#addAll(added);
    });
  }

  union(...others: Items<T>[]): Set<T> | Promise<Set<T>> {
    return this.#with(others, 'union', (sources) => {
      const result = this.#own();
      for (const source of sources) for (const [slot, key] of source) if (!result.has(slot)) result.set(slot, key);
      return members<T>(result);
    });
  }

  intersection(...others: Items<T>[]): Set<T> | Promise<Set<T>> {
    return this.#with(others, 'intersection', (sources) =>
      members<T>(this.#own((slot) => sources.every((source) => source.has(slot)))),
    );
  }

  difference(...others: Items<T>[]): Set<T> | Promise<Set<T>> {
    return this.#with(others, 'difference', (sources) =>
      members<T>(this.#own((slot) => !sources.some((source) => source.has(slot)))),
    );
  }

  symmetricDifference(other: Items<T>): Set<T> | Promise<Set<T>> {
    return this.#with([other], 'symmetricDifference', ([source]) =>
      members<T>(new Map([...this.#own((slot) => !source.has(slot)), ...this.#others(source)])),
    );
  }

  isSubsetOf(other: Items<T>): boolean | Promise<boolean> {
    return this.#with([other], 'isSubsetOf', ([source]) => this.#own((slot) => !source.has(slot)).size === 0);
  }

  isSupersetOf(other: Items<T>): boolean | Promise<boolean> {
    return this.#with([other], 'isSupersetOf', ([source]) => this.#others(source).size === 0);
  }

  isDisjointFrom(other: Items<T>): boolean | Promise<boolean> {
    return this.#with([other], 'isDisjointFrom', ([source]) => this.#own((slot) => source.has(slot)).size === 0);
  }

  /** For the census. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Set${this.#content.preview(options, ([member]) => String(member))}`;
  }

  /** Calls `then` with the members of the operands, once they are known to be members all. */
  #with<R>(
    operands: readonly unknown[],
    member: string,
    then: (sources: readonly [Members, ...Members[]]) => R,
  ): R | Promise<R> {
    return withCopies(operands, member, (sources) => {
      const read = sources.map((source) => {
        const found = new Map<unknown, unknown>();
        for (const item of itemsOf(source, member)) {
          const slot = this.#content.slot(item, member);
          if (!found.has(slot)) found.set(slot, item);
        }
        return found;
      });
      return then(read as unknown as readonly [Members, ...Members[]]);
    });
  }

  #own(fits: (slot: unknown) => boolean = () => true): Map<unknown, unknown> {
    const found = new Map<unknown, unknown>();
    for (const [slot, { key }] of this.#content.all()) if (fits(slot)) found.set(slot, key);
    return found;
  }

  /** What is no member here. */
  #others(source: Members): Members {
    return new Map([...source].filter(([slot]) => !this.#content.has(slot)));
  }

  #addAll(source: Members): void {
    for (const [slot, key] of source) this.#content.set(slot, key, undefined);
  }

  #takeAll(fits: (slot: unknown) => boolean): void {
    for (const slot of this.#own(fits).keys()) this.#content.take(slot);
  }
}

function members<T>(found: Members): Set<T> {
  return new Set(found.values()) as Set<T>;
}
