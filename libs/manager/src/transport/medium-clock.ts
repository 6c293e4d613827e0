// Not the global one, which is a getter: this is asked for each frame.
import { performance } from 'node:perf_hooks';

/** Milliseconds that the better of two estimates stays in use after a newer one was begun. */
const WINDOW = 2000;
/** Milliseconds. Where the medium's clock was set forward by more, it is followed when it is next asked. */
const FAR_AHEAD = 60_000;

/**
 * The medium's clock, guessed from stamps as they arrive. A stamp is never later than the moment it is heard, so the
 * largest distance to our own clock is the best guess. It is the largest of the last two windows only: where the medium's
 * clock was set back, the guess follows within two windows, and the drift between the clocks does not add up.
 */
export class MediumClock {
  readonly #monotonic: () => number;
  #previous = -Infinity;
  #current = -Infinity;
  #begun = 0;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** `stamp` (ms since 1970) was read just now. */
  hear(stamp: number): void {
    const local = this.#monotonic();
    const distance = stamp - local;
    // A window only ends when there is something to replace it with: a quiet medium keeps its last good guess.
    if (local - this.#begun >= WINDOW) {
      this.#previous = this.#current;
      this.#current = distance;
      this.#begun = local;
    } else if (distance > this.#current) {
      this.#current = distance;
    }
  }

  /** The stamp of an entry, which was heard just now. Who writes an entry may choose its stamp: one that cannot be is ignored. */
  hearEntry(stamp: number): void {
    if (!this.isAhead(stamp)) this.hear(stamp);
  }

  /** Whether a stamp is further ahead than clocks ever are. */
  isAhead(stamp: number): boolean {
    return this.#current !== -Infinity && stamp - this.now() > FAR_AHEAD;
  }

  now(): number {
    const distance = Math.max(this.#previous, this.#current);
    return distance === -Infinity ? Date.now() : this.#monotonic() + distance;
  }
}
