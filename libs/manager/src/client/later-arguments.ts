import { handleOf, TRANSIT, type Target } from '../definition/index.js';
import { copyValue, WireReference } from '../protocol/index.js';
import type { Limits } from '../protocol/index.js';

/**
 * Arguments of a call that cannot leave yet, because a proxy among them stands for an object of another server, which
 * travels with a ticket, or for one that was not reached yet. They are those of the moment in which the call was made, and
 * what they refer to is held meanwhile.
 */
export class LaterArguments {
  readonly args: readonly unknown[];
  readonly #proxies = new Map<object, Target>();

  constructor(args: readonly unknown[], limits: Limits) {
    this.args = copyValue(args, limits, (value) => {
      const handle = handleOf(value);
      if (!handle) return undefined;
      handle.expectHeld('be passed');
      this.#proxies.set(value, handle.target);
      return value;
    });
    for (const target of this.#proxies.values()) target.retain();
  }

  /** What stands in the message for each proxy that the session at this server cannot name by itself. */
  async tickets(server: string, generation: number): Promise<Map<object, WireReference>> {
    const tickets = new Map<object, WireReference>();
    await Promise.all(
      Array.from(this.#proxies, async ([proxy, target]) => {
        const token = target.identity();
        if (token?.server === server && token.generation === generation) return;
        tickets.set(proxy, new WireReference(target.typeid, token?.id ?? 0, 0, await target.ticket(TRANSIT, 1)));
      }),
    );
    return tickets;
  }

  release(): void {
    for (const target of this.#proxies.values()) target.release();
    this.#proxies.clear();
  }
}
