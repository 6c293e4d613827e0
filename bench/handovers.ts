/** From a callback that is given items to loops that ask for them, in the order of both. */
export class Handovers<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  give(item: T): void {
    const taker = this.#takers.shift();
    if (taker) taker(item);
    else this.#items.push(item);
  }

  take(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
