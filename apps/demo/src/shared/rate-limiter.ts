import { SharedType } from 'nestjs-manager';

export interface RateLimit {
  /** Hits of one address that are allowed in a window. */
  limit: number;
  /** Milliseconds. */
  window: number;
}

export interface Verdict {
  allowed: boolean;
  /** Hits left in this window. */
  remaining: number;
  /** When the window ends: ms since 1970, by the server's clock. */
  resetAt: number;
}

export interface Usage {
  address: string;
  used: number;
  limit: number;
  resetAt: number;
}

/**
 * Bounds what one address may do in a window of time, which opens with its first hit.
 *
 * `hit` does not await anything, so it runs to its end before the next call starts: that is all the locking it needs,
 * wherever the calls come from.
 */
@SharedType()
export class RateLimiter {
  readonly #limit: number;
  readonly #window: number;
  /** In the order in which the windows opened, which is that in which they end. */
  readonly #windows = new Map<string, { used: number; resetAt: number }>();

  constructor({ limit, window }: RateLimit) {
    if (!(limit >= 1) || !(window >= 1)) throw new RangeError('A rate limit needs a limit and a window of at least 1.');
    this.#limit = limit;
    this.#window = window;
  }

  hit(address: string): Verdict {
    const now = Date.now();
    this.#forget(now);
    let current = this.#windows.get(address);
    if (!current) {
      current = { used: 0, resetAt: now + this.#window };
      this.#windows.set(address, current);
    }
    const allowed = current.used < this.#limit;
    if (allowed) current.used++;
    return { allowed, remaining: this.#limit - current.used, resetAt: current.resetAt };
  }

  /** The addresses that used most of their windows. */
  busiest(count: number): Usage[] {
    this.#forget(Date.now());
    return [...this.#windows]
      .map(([address, { used, resetAt }]) => ({ address, used, limit: this.#limit, resetAt }))
      .sort((a, b) => b.used - a.used)
      .slice(0, count);
  }

  /** Windows that ended leave nothing behind: the object does not grow with every address it ever saw. */
  #forget(now: number): void {
    for (const [address, { resetAt }] of this.#windows) {
      if (resetAt > now) return;
      this.#windows.delete(address);
    }
  }
}
