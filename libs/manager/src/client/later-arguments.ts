import { Handle, handleOf, TRANSIT, type Target } from '../definition/index.js';
import { copyValue, WireReference } from '../protocol/index.js';
import type { Limits } from '../protocol/index.js';

/**
 * Arguments of a call that cannot leave yet, because a proxy among them stands for an object of another server, which
 * travels with a ticket, or for one that was not reached yet. They are those of the moment in which the call was made, and
 * what they refer to is held meanwhile.
 */
export class LaterArguments {
  readonly args: readonly unknown[];
  /** Of its own: what the caller releases meanwhile travels all the same. */
  readonly #handles = new Map<object, Handle>();
  #tickets: Promise<Map<object, WireReference>> | undefined;

  constructor(args: readonly unknown[], limits: Limits) {
    try {
      this.args = copyValue(args, limits, (value) => this.#own(value));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** What stands in the message for each proxy that is not `nameable` without. */
  tickets(nameable: (target: Target) => boolean): Promise<Map<object, WireReference>> {
    return (this.#tickets = this.#make(nameable));
  }

  /** Nobody gets the tickets: each is redeemed, and what it gives let go. */
  async discard(redeemed: (ticket: string) => object): Promise<void> {
    const tickets = await this.#tickets?.catch(() => undefined);
    for (const { ticket } of tickets?.values() ?? []) {
      if (ticket !== undefined) handleOf(redeemed(ticket))?.release();
    }
  }

  async #make(nameable: (target: Target) => boolean): Promise<Map<object, WireReference>> {
    const tickets = new Map<object, WireReference>();
    await Promise.all(
      Array.from(this.#handles, async ([proxy, { target }]) => {
        if (nameable(target)) return;
        const ticket = await target.ticket(TRANSIT, 1);
        tickets.set(proxy, new WireReference(target.typeid, target.identity()?.id ?? 0, 0, ticket));
      }),
    );
    return tickets;
  }

  release(): void {
    for (const handle of this.#handles.values()) handle.release();
    this.#handles.clear();
  }

  #own(value: object): object | undefined {
    const handle = handleOf(value);
    if (!handle) return undefined;
    handle.expectHeld('be passed');
    const own = new Handle(handle.target);
    const proxy = own.target.proxy(own, false);
    this.#handles.set(proxy, own);
    return proxy;
  }
}
