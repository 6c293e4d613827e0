import { inspect, type InspectOptions } from 'node:util';
import { holdWithin, releaseWithin } from '../../definition/index.js';
import { slotOf } from './keys.js';

interface Entry<V> {
  readonly key: unknown;
  value: V;
}

/** Entries by key, in the order in which keys came, with what they hold: the content of a dict, and of a set. */
export class Keyed<V> {
  readonly #owner: object;
  /** What keys are called in messages. */
  readonly #what: string;
  readonly #entries = new Map<unknown, Entry<V>>();
  /**
   * For taking the last: the slots in order, the newest at the end. One that was deleted stays until it is met; of one that
   * stands here twice, the later place is right. Made when it is first needed.
   */
  #order: unknown[] | undefined;

  constructor(owner: object, what: string) {
    this.#owner = owner;
    this.#what = what;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What stands for a key; throws for what can be none. */
  slot(key: unknown, member: string): unknown {
    return slotOf(key, member, this.#what);
  }

  has(slot: unknown): boolean {
    return this.#entries.has(slot);
  }

  get(slot: unknown): V | undefined {
    return this.#entries.get(slot)?.value;
  }

  /** Stores a value that is held already, and lets go of the one before. A new key is held. */
  set(slot: unknown, key: unknown, value: V): void {
    const entry = this.#entries.get(slot);
    if (entry) {
      const before = entry.value;
      entry.value = value;
      return releaseWithin(before);
    }
    // A Map has no -0 among its keys.
    this.#entries.set(slot, { key: key === 0 ? 0 : holdWithin(key, this.#owner), value });
    this.#order?.push(slot);
  }

  /** Takes an entry out, and lets go of it. */
  take(slot: unknown): Entry<V> | undefined {
    const entry = this.#entries.get(slot);
    if (!entry) return undefined;
    this.#entries.delete(slot);
    if (this.#order && this.#order.length > 2 * this.#entries.size + 64) this.#order = undefined;
    releaseWithin(entry.key);
    releaseWithin(entry.value);
    return entry;
  }

  /** Takes out the entry whose key came last. */
  takeLast(): Entry<V> | undefined {
    while (this.#entries.size > 0) {
      this.#order ??= [...this.#entries.keys()];
      const slot = this.#order.pop();
      if (this.#order.length === 0) this.#order = undefined;
      if (this.#entries.has(slot)) return this.take(slot);
    }
    return undefined;
  }

  clear(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    this.#order = undefined;
    for (const { key, value } of entries) {
      releaseWithin(key);
      releaseWithin(value);
    }
  }

  /** Sees what happens meanwhile, as a Map's iterators do. */
  entries(): IterableIterator<Entry<V>> {
    return this.#entries.values();
  }

  /** The first entries, as the census shows them. */
  preview(options: InspectOptions, show: (entry: string[]) => string): string {
    const most = options.maxArrayLength ?? 5;
    const shown: string[] = [];
    for (const { key, value } of this.entries()) {
      if (shown.push(show([key, value].map((part) => inspect(part, options)))) >= most) break;
    }
    const more = this.size - shown.length;
    return `(${this.size}) { ${shown.join(', ')}${more > 0 ? `, ... ${more} more` : ''} }`;
  }

  /** The same, each with what stands for its key. */
  all(): IterableIterator<[slot: unknown, entry: Entry<V>]> {
    return this.#entries.entries();
  }
}
