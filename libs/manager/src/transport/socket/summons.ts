/** Ms until somebody is called for again who did not come or did not stay; twice as long each time, up to the longest. */
const SHORTEST_DELAY = 500;
const LONGEST_DELAY = 10_000;
/** Who was there for this long (ms) has stayed. */
const STEADY = 5000;

/** Calls for somebody who listens: by one call at a time, and ever more seldom where nobody comes, or stays. */
export class Summons {
  readonly #call: () => Promise<void>;
  #calling: Promise<void> | undefined;
  #calls = 0;
  #next = -Infinity;
  #upAt: number | undefined;
  #failure: Error | undefined;

  constructor(call: () => Promise<void>) {
    this.#call = call;
  }

  /** Why nobody came at the last call. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves with true where somebody may listen by now, with false where it is too early to call again. */
  async call(): Promise<boolean> {
    if (!this.#calling && performance.now() < this.#next) return false;
    await (this.#calling ??= this.#once().finally(() => (this.#calling = undefined)));
    return true;
  }

  /** Somebody is there, or no more. */
  up(is: boolean): void {
    const now = performance.now();
    if (is) {
      this.#failure = undefined;
      this.#upAt ??= now;
    } else if (this.#upAt !== undefined) {
      if (now - this.#upAt >= STEADY) this.#calls = 0;
      this.#upAt = undefined;
    }
  }

  async #once(): Promise<void> {
    try {
      await this.#call();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#next = performance.now() + Math.min(LONGEST_DELAY, SHORTEST_DELAY * 2 ** Math.min(this.#calls++, 10));
    }
  }
}
