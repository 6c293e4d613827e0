import { randomBytes, timingSafeEqual } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import {
  checkTicketOptions,
  formatTicket,
  ObjectLostError,
  SECRET_BYTES,
  TicketInvalidError,
} from '../protocol/index.js';
import type { ErrorDetails, TicketFault } from '../protocol/index.js';
import type { Holder, HostedObject, ObjectTable } from './object-table.js';

export interface TicketsOptions {
  table: ObjectTable;
  identity: () => { name: string; generation: number };
}

/** Why a ticket is good for nothing any more. `lost`: its object was taken from all who held it. */
type End = 'expired' | 'used-up' | 'lost';

/** Tickets that are over are remembered so many, the latest ones: what comes late hears why. */
const REMEMBERED = 10_000;

/** What one ticket holds of its object, from when it is made until it is used up or expires. */
class TicketHold implements Holder {
  readonly kind = 'ticket';
  readonly since = Date.now();
  readonly secret = randomBytes(SECRET_BYTES);
  /** By the monotonic clock: a ticket must not live longer because somebody sets the time. */
  readonly #expires: number;
  readonly #ttl: number;
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly number: number,
    readonly object: HostedObject,
    /** Of the application that it was made for. */
    readonly application: string,
    ttl: number,
    public uses: number,
    readonly onGone: () => void,
  ) {
    this.#ttl = ttl;
    this.#expires = performance.now() + ttl;
  }

  /** The timer may be late: a long synchronous method keeps the event loop. */
  get expired(): boolean {
    return performance.now() >= this.#expires;
  }

  describe(): Record<string, unknown> {
    return { application: this.application, expiresAt: this.since + this.#ttl, uses: this.uses };
  }
}

/** References in transit: each ticket holds its object until it is used up, or its time is over. */
export class Tickets {
  readonly #options: TicketsOptions;
  readonly #holds = new Map<number, TicketHold>();
  /** Those that are over, oldest first. */
  readonly #over = new Map<number, { secret: Uint8Array; end: End; typeid: string; objectId: number }>();
  #lastNumber = 0;

  constructor(options: TicketsOptions) {
    this.#options = options;
  }

  /** Tickets that can be redeemed. */
  get size(): number {
    return this.#holds.size;
  }

  issue(object: HostedObject, ttl: unknown, uses: unknown, application: string): string {
    const options = checkTicketOptions(ttl, uses);
    const number = ++this.#lastNumber;
    const hold = new TicketHold(number, object, application, options.ttl, options.uses, () =>
      this.#forget(hold, 'lost'),
    );
    // Whatever holds objects for longer keeps the process alive by itself.
    hold.timer = setTimeout(() => this.#end(hold, 'expired'), options.ttl).unref();
    this.#holds.set(number, hold);
    this.#options.table.hold(object, hold);
    const { name, generation } = this.#options.identity();
    const { secret } = hold;
    return formatTicket({ server: name, generation, typeid: object.type.typeid, objectId: object.id, number, secret });
  }

  /** The object of the ticket, `pin`ned before the last use lets go of it. */
  redeem(number: unknown, secret: unknown, pin: (object: HostedObject) => void): HostedObject {
    const hold = typeof number === 'number' ? this.#holds.get(number) : undefined;
    if (!hold) throw this.#refusal(number, secret);
    if (!same(hold.secret, secret)) throw this.#unknown();
    if (hold.expired) {
      this.#end(hold, 'expired');
      throw this.#refusal(number, secret);
    }
    pin(hold.object);
    if (--hold.uses === 0) this.#end(hold, 'used-up');
    return hold.object;
  }

  #end(hold: TicketHold, end: End): void {
    this.#forget(hold, end);
    this.#options.table.drop(hold.object, hold);
  }

  #forget(hold: TicketHold, end: End): void {
    clearTimeout(hold.timer);
    const { number, secret, object } = hold;
    this.#holds.delete(number);
    this.#over.set(number, { secret, end, typeid: object.type.typeid, objectId: object.id });
    if (this.#over.size <= REMEMBERED) return;
    const [oldest] = this.#over.keys();
    this.#over.delete(oldest as number);
  }

  /** Why it is not taken. Only who knows its secret hears that there was such a ticket. */
  #refusal(number: unknown, secret: unknown): TicketInvalidError | ObjectLostError {
    const over = typeof number === 'number' ? this.#over.get(number) : undefined;
    if (!over || !same(over.secret, secret)) return this.#unknown();
    const { end, typeid, objectId } = over;
    switch (end) {
      case 'expired':
        return this.#invalid(end, `The ticket of ${typeid} #${objectId} has expired.`, { typeid, objectId });
      case 'used-up':
        return this.#invalid(
          end,
          `The ticket of ${typeid} #${objectId} was redeemed as often as it may be. Work that may be retried takes \`uses: Infinity\`.`,
          { typeid, objectId },
        );
      case 'lost':
        return new ObjectLostError(
          `${typeid} #${objectId} is gone: it lost its name to another server while the ticket was under way.`,
          { typeid, objectId, fate: 'not-executed' },
        );
    }
  }

  #unknown(): TicketInvalidError {
    const { name, generation } = this.#options.identity();
    return this.#invalid(
      'unknown',
      `Generation ${generation} of the server "${name}" knows no such ticket: it was forged, is of another namespace, or was over long ago.`,
    );
  }

  #invalid(reason: TicketFault, message: string, details: ErrorDetails = {}): TicketInvalidError {
    const { name, generation } = this.#options.identity();
    return new TicketInvalidError(message, { reason, fate: 'not-executed', server: name, generation, ...details });
  }
}

/** In a time that does not tell how much of a guess is right. */
function same(secret: Uint8Array, given: unknown): boolean {
  return isUint8Array(given) && given.length === secret.length && timingSafeEqual(secret, given);
}
