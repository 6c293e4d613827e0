/** An item with its place: the lower the number, the earlier it was put. */
export interface Entry<T> {
  readonly number: number;
  readonly item: T;
}

/** As many taken ones are kept at the front before the rest moves up. */
const SLACK = 1024;

/** Items in the order in which they were put. One that comes back takes its old place, which is before all that are there. */
export class QueueItems<T> {
  #entries: (Entry<T> | undefined)[] = [];
  #head = 0;
  /** Those that came back, the oldest last. */
  readonly #returned: Entry<T>[] = [];
  #numbers = 0;

  get size(): number {
    return this.#entries.length - this.#head + this.#returned.length;
  }

  add(item: T): void {
    this.#entries.push({ number: ++this.#numbers, item });
  }

  take(): Entry<T> {
    const back = this.#returned.pop();
    if (back) return back;
    const entry = this.#entries[this.#head] as Entry<T>;
    this.#entries[this.#head++] = undefined;
    if (this.#head >= SLACK && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  putBack(entry: Entry<T>): void {
    const at = this.#returned.findLastIndex(({ number }) => number > entry.number);
    this.#returned.splice(at + 1, 0, entry);
  }

  /** Takes all of them. */
  all(): Entry<T>[] {
    const all = [...this.#returned.splice(0).reverse(), ...(this.#entries.slice(this.#head) as Entry<T>[])];
    this.#entries = [];
    this.#head = 0;
    return all;
  }
}
