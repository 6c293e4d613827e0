/**
 * How long the lease of another one has been absent, which decides over that one: a wall clock that is set says nothing of
 * it, and neither does a pause of this process, in which nobody looked. So what lies between two looks counts by the
 * monotonic clock, and no more of it than a step.
 */
export class Absence {
  readonly #lease: number;
  #time = 0;
  #last: number | undefined;

  /** `lease`: ms after which it has been absent for too long. To be looked for at least once in a quarter of it. */
  constructor(lease: number) {
    this.#lease = lease;
  }

  /** It is absent; whether it has been for a lease by now. */
  seen(): boolean {
    const now = performance.now();
    if (this.#last !== undefined) this.#time += Math.min(now - this.#last, this.#lease / 4);
    this.#last = now;
    return this.#time >= this.#lease;
  }

  /** It is there, or nobody can tell: absence is counted anew. */
  over(): void {
    this.#time = 0;
    this.#last = undefined;
  }
}
