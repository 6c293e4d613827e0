/** Lines that may come at once, before it is one a second. */
const BURST = 10;
const SECOND = 1000;

/**
 * Lines of a log that others can bring about at will: a few at once, then one a second, which says how many were left out.
 */
export class Seldom {
  readonly #log: (text: string) => void;
  #left = BURST;
  #filled = performance.now();
  #omitted = 0;

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  say(text: string): void {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + (now - this.#filled) / SECOND);
    this.#filled = now;
    if (this.#left < 1) {
      this.#omitted++;
      return;
    }
    this.#left--;
    this.#log(this.#omitted === 0 ? text : `${text} (${this.#omitted} like this were not told)`);
    this.#omitted = 0;
  }
}
