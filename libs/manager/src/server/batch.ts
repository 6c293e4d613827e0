import { lightBytes } from '../protocol/index.js';

/** Ms after which a producer that takes its time hands over what it has. */
const PATIENCE = 5;
/** The clock is read for each of the first items, and then for one of so many. */
const SELDOM = 32;

/** A value as it can travel, and the bytes that it takes. */
export interface Carried {
  readonly value: unknown;
  readonly bytes: number;
}

/** What one pull answers: items within its bounds. */
export class Batch {
  readonly #items: unknown[] = [];
  readonly #maxItems: number;
  readonly #maxBytes: number;
  readonly #carry: (value: unknown) => Carried;
  #bytes = 0;
  #since = 0;
  #late = false;
  #end: { readonly value: unknown } | undefined;

  constructor(maxItems: number, maxBytes: number, carry: (value: unknown) => Carried) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
    this.#carry = carry;
  }

  get empty(): boolean {
    return this.#items.length === 0;
  }

  get full(): boolean {
    return this.#late || this.#items.length >= this.#maxItems || this.#bytes >= this.#maxBytes;
  }

  /** False where it does not fit: it is for the next one. `done`: it is no item, but what the iterator gives at its end. */
  add(value: unknown, done: boolean): boolean {
    const items = this.#items;
    const light = lightBytes(value);
    if (light !== undefined) {
      this.#bytes += light;
      if (done) this.#end = { value };
      else items.push(value);
    } else {
      const carried = this.#carry(value);
      if (items.length > 0 && this.#bytes + carried.bytes > this.#maxBytes) return false;
      this.#bytes += carried.bytes;
      if (done) this.#end = carried;
      else items.push(carried.value);
    }
    const { length } = items;
    if (length === 1) this.#since = performance.now();
    else if (length < SELDOM || length % SELDOM === 0) this.#late = performance.now() - this.#since > PATIENCE;
    return true;
  }

  answer(): unknown[] {
    return this.#end ? [this.#items, true, this.#end.value] : [this.#items];
  }

  /** The answer where there is nothing more to come. */
  last(): unknown[] {
    return [this.#items, true, undefined];
  }
}
