/**
 * The end of something, and those who want to hear of it. An AbortSignal would do, but looks through all its listeners for
 * each one that comes or goes, and ten thousand calls may wait on one handle.
 */
export class Ending {
  readonly #listeners = new Set<(reason: unknown) => void>();
  #over = false;
  #reason: unknown;

  get over(): boolean {
    return this.#over;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** `fn` runs once, at the end; the function that is given takes it off. */
  listen(fn: (reason: unknown) => void): () => void {
    const listener = (reason: unknown): void => fn(reason);
    if (!this.#over) this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#reason = reason;
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }
}
