import {
  handleOf,
  makeLazyProxy,
  type Handle,
  type ObjectToken,
  type Target,
  type OnLost,
  tellLost,
} from '../definition/index.js';
import { parseTicket, type Ticket } from '../protocol/index.js';
import type { Connections } from './connections.js';
import { redeem } from './redemption.js';
import { WaitingCalls, type Reached } from './waiting-calls.js';

/**
 * An object of another server than the one whose message named it: it came with a ticket, which is redeemed at once. Calls
 * made before that wait in their order; where it fails, every one fails with the reason.
 */
export class TicketTarget implements Target {
  readonly typeid: string;
  readonly #ticket: Ticket;
  readonly #connections: Connections;
  readonly #waiting: WaitingCalls<Reached>;
  readonly #redeemed: Promise<Reached>;
  #handles = 0;
  /** The reference once it is there; the proxy value is kept so that the collector leaves it alone. */
  #bound: { proxy: object; target: Reached } | undefined;
  #failure: { error: unknown } | undefined;

  constructor(connections: Connections, ticket: string) {
    this.#connections = connections;
    this.#ticket = parseTicket(ticket);
    const { typeid, objectId, server } = this.#ticket;
    this.typeid = typeid;
    this.#waiting = new WaitingCalls(connections, `${typeid} #${objectId} at "${server}"`, { typeid, objectId });
    this.#redeemed = this.#redeem(ticket);
    this.#redeemed.catch(() => undefined);
  }

  identity(): ObjectToken {
    const { server, generation, objectId } = this.#ticket;
    return { typeid: this.typeid, server, generation, id: objectId };
  }

  methods(): ReadonlySet<string> | undefined {
    return this.#bound?.target.methods();
  }

  proxy(handle: Handle, watched: boolean): object {
    const proxy = makeLazyProxy(handle);
    if (watched) this.#connections.watch(proxy, handle);
    return proxy;
  }

  call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#bound) return this.#bound.target.call(handle, method, args);
    if (this.#failure) return Promise.reject(this.#failure.error as Error);
    return this.#waiting.add(handle, method, (target, later) => target.call(later, method, args));
  }

  onLost(fn: OnLost): () => void {
    if (this.#bound) return this.#bound.target.onLost(fn);
    tellLost([fn], this.#failure?.error);
    return () => undefined;
  }

  async ticket(ttl: number, uses: number): Promise<string> {
    return (await this.#redeemed).ticket(ttl, uses);
  }

  retain(): void {
    this.#handles++;
  }

  release(): void {
    if (--this.#handles === 0) this.#letGo();
  }

  async #redeem(ticket: string): Promise<Reached> {
    try {
      const proxy = await redeem(this.#connections, ticket);
      const handle = handleOf(proxy) as Handle;
      const target = handle.target as Reached;
      handle.heldFor = this;
      this.#bound = { proxy, target };
      this.#waiting.run(target);
      if (this.#handles === 0) this.#letGo();
      return target;
    } catch (error) {
      this.#failure = { error };
      this.#waiting.fail(error);
      throw error;
    }
  }

  #letGo(): void {
    if (this.#bound) handleOf(this.#bound.proxy)?.release();
  }
}
