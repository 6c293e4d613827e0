/** Bits of the counter: a fence is `generation * 2^30 + counter`, which fits a signed 64-bit column until the year 2242. */
const COUNTER_BITS = 30n;
const COUNTER_END = 2 ** 30;
/** So many fences before the counter ends, the next generation number is asked for. */
const RESERVE = 2 ** 20;

/**
 * Numbers that only grow, also across a restart of the server: a resource that remembers the highest it has seen refuses
 * whoever comes with a lower one. A counter that runs out goes on under a new generation number.
 */
export class Fences {
  #generation: number;
  #counter: number;
  #next: number | undefined;
  #asking = false;
  readonly #nextGeneration: () => Promise<number>;

  constructor(generation: number, nextGeneration: () => Promise<number>, counter = 0) {
    this.#generation = generation;
    this.#counter = counter;
    this.#nextGeneration = nextGeneration;
  }

  next(): bigint {
    if (++this.#counter >= COUNTER_END - RESERVE) this.#prepare();
    if (this.#counter >= COUNTER_END && this.#next !== undefined) {
      this.#generation = this.#next;
      this.#next = undefined;
      this.#counter = 1;
    }
    return (BigInt(this.#generation) << COUNTER_BITS) + BigInt(this.#counter);
  }

  #prepare(): void {
    if (this.#asking || this.#next !== undefined) return;
    this.#asking = true;
    this.#nextGeneration()
      .then(
        (generation) => (this.#next = generation),
        () => undefined,
      )
      .finally(() => (this.#asking = false));
  }
}
