const SECOND = 1000;

/** Lines of a log that others can bring about at will: one a second at most, which says how many were left out before it. */
export class Seldom {
  readonly #log: (text: string) => void;
  readonly #burst: number;
  #left: number;
  #filled = performance.now();
  #omitted = 0;

  /** `burst`: lines that may come at once, before it is one a second. */
  constructor(log: (text: string) => void, burst = 1) {
    this.#log = log;
    this.#burst = this.#left = burst;
  }

  say(text: string): void {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#filled) / SECOND);
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
