import type { Call, Continuation, Loan } from './call.js';
import { Holding } from './holding.js';

/**
 * What is left to do of a call that gave iterators: their bodies, each of which runs for a call of its own. What the call
 * had lasts until the last of them is closed, and is kept by one that is open.
 */
export class Iteration implements Continuation {
  readonly #open = new Set<Call>();
  readonly #inherited = new WeakSet<Loan>();

  begin(body: Call): void {
    this.#open.add(body);
  }

  inherit(loan: Loan): boolean {
    const [heir] = this.#open;
    if (!heir || !loan.lend) return false;
    loan.lend(heir);
    this.#inherited.add(loan);
    return true;
  }

  /** The iterator is closed: what it kept is lent to its body, for as long as that needs to clean up. */
  over(body: Call): void {
    if (!this.#open.delete(body)) return;
    const { keeper } = body;
    body.keeper = undefined;
    for (const kept of [...(keeper?.kept ?? [])]) {
      if (!(kept instanceof Holding)) continue;
      if (!this.#inherited.has(kept) || !this.inherit(kept)) kept.lend(body);
    }
  }
}
