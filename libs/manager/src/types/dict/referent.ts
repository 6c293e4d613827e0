import { inspect, type InspectOptions } from 'node:util';
import { client, holdWithin, SharedType } from '../../definition/index.js';
import { KeyNotFoundError, StateError } from '../../protocol/index.js';
import { holdEach } from '../support/hold-each.js';
import { Keyed } from '../support/keyed.js';
import type { Key } from '../support/keys.js';
import { withCopies } from '../support/operands.js';
import { shown } from '../support/shown.js';
import type { DictClient, Entries } from './client.js';
import { pairsOf } from './pairs.js';
import { DictMembers } from './proxy.js';

/**
 * A dict that applications share, as a Map is within one of them. It is what `manager.dict()` makes.
 *
 * @example
 * ```ts
 * const stock = await manager.dict<string, number>({ apples: 3 });
 * await stock.get('apples'); // 3
 * ```
 */
@SharedType({ typeid: 'dict', proxy: () => DictMembers })
export class Dict<K extends Key = Key, V = unknown> {
  declare readonly [client]?: DictClient<K, V>;
  readonly #content = new Keyed<V>(this, 'its key');

  /**
   * @param entries what it begins with. Of a proxy it is a copy, which takes time: the constructor then gives a promise of the
   * dict, so that hosted code calls `manager.dict(proxy)` and not the constructor.
   */
  constructor(entries?: Entries<K, V>) {
    if (entries === undefined) return;
    const filled = withCopies([entries], 'dict', ([source]) => {
      this.#putAll(source, 'dict');
      return this;
    });
    // A promise, which the server awaits.
    if (filled !== this) return filled as never;
  }

  get(key: K): V | undefined {
    return this.#content.get(this.#content.slot(key, 'get'));
  }

  set(key: K, value: V): void {
    const slot = this.#content.slot(key, 'set');
    this.#content.set(slot, key, holdWithin(value, this));
  }

  has(key: K): boolean {
    return this.#content.has(this.#content.slot(key, 'has'));
  }

  delete(key: K): boolean {
    return this.#content.take(this.#content.slot(key, 'delete')) !== undefined;
  }

  size(): number {
    return this.#content.size;
  }

  keys(): K[] {
    return Array.from(this.#content.entries(), ({ key }) => key as K);
  }

  values(): V[] {
    return Array.from(this.#content.entries(), ({ value }) => value);
  }

  entries(): [K, V][] {
    return Array.from(this.#content.entries(), ({ key, value }) => [key as K, value]);
  }

  setDefault(key: K, value: V): V {
    const slot = this.#content.slot(key, 'setDefault');
    if (!this.#content.has(slot)) this.#content.set(slot, key, holdWithin(value, this));
    return this.#content.get(slot) as V;
  }

  pop(...args: [key: K, fallback?: unknown]): unknown {
    const [key, fallback] = args;
    const entry = this.#content.take(this.#content.slot(key, 'pop'));
    if (entry) return entry.value;
    // One that is undefined was given all the same.
    if (args.length > 1) return fallback;
    throw new KeyNotFoundError(`pop() found no key ${shown(key)} in the dict.`, { typeid: 'dict', method: 'pop' });
  }

  popItem(): [K, V] {
    const entry = this.#content.takeLast();
    if (entry) return [entry.key as K, entry.value];
    throw new KeyNotFoundError('popItem() found the dict empty.', { typeid: 'dict', method: 'popItem' });
  }

  update(entries: Entries<K, V>): void | Promise<void> {
    return withCopies([entries], 'update', ([source]) => this.#putAll(source, 'update'));
  }

  clear(): void {
    this.#content.clear();
  }

  copy(): Map<K, V> {
    return new Map(this.entries());
  }

  /** What `manager.copyOf(dict)` gives. */
  toCopy(): Map<K, V> {
    return this.copy();
  }

  /** For iteration: every entry in turn, as long as the number of keys stays. */
  *iterate(): Generator<[K, V], void, undefined> {
    const { size } = this.#content;
    let count = 0;
    for (const { key, value } of this.#content.entries()) {
      // With as many keys as before, more entries than that come where some are taken out and put in again.
      if (this.#content.size !== size || ++count > size) throw changed();
      yield [key as K, value];
    }
    if (this.#content.size !== size) throw changed();
  }

  /** For the census. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Dict${this.#content.preview(options, ([key, value]) => `${key} => ${value}`)}`;
  }

  #putAll(source: unknown, member: string): void {
    const pairs = pairsOf(source, member);
    const slots = pairs.map(([key]) => this.#content.slot(key, member));
    const values = holdEach(
      pairs.map(([, value]) => value as V),
      this,
    );
    values.forEach((value, i) => this.#content.set(slots[i], (pairs[i] as readonly unknown[])[0], value));
  }
}

function changed(): StateError {
  return new StateError(
    'The dict changed its size during iteration. Iterate over copy(), which is all of it at once.',
    {
      typeid: 'dict',
    },
  );
}
