import type { CallContext } from '../../definition/index.js';
import { StateError } from '../../protocol/index.js';
import { claimant, SHOWN, told, toldWaiting, type Claimant } from '../support/claimant.js';
import { WaitingLine } from '../support/waiting-line.js';

/** What somebody asks for. */
interface Wanted {
  /** In development: from where. */
  readonly line: string | undefined;
  /** It is for a function that gives it back by its key: no other release means it. */
  readonly keyed: boolean;
}

/** One permit in somebody's hands. */
interface Permit extends Claimant {
  /** The fence of its grant. */
  readonly key: bigint;
  readonly keyed: boolean;
  readonly since: number;
}

/** What one session has, the oldest first. */
interface Purse {
  readonly permits: Set<Permit>;
  /** Takes back what waits for the end of the session. */
  forget: () => void;
}

/** A number of permits, those who have some, and those in line. Whenever one is free, nobody is in line. */
export class Permits {
  #free: number;
  readonly #bound: number;
  readonly #held = new Map<bigint, Permit>();
  readonly #purses = new Map<string, Purse>();
  readonly #line = new WaitingLine<bigint | false, Wanted>();

  /** @param bound how many there may be, free and held. */
  constructor(free: number, bound: number) {
    this.#free = free;
    this.#bound = bound;
  }

  get free(): number {
    return this.#free;
  }

  /** The key of a permit, or false where none was to be had in time. */
  acquire(
    call: CallContext,
    { blocking, timeout }: { blocking: boolean; timeout: number | undefined },
    wanted: Wanted,
  ): bigint | false | Promise<bigint | false> {
    if (this.#free > 0) return this.#grant(call, wanted);
    if (!blocking || timeout === 0) return false;
    return this.#line.join(call, wanted, { timeout, timedOut: () => false });
  }

  /** Gives back the permit of this key; without one, what the caller must mean, or a new one. */
  release(call: CallContext, key?: bigint): void {
    if (key !== undefined) return this.#giveBack(this.#permit(call, key));
    if (this.#releaseAny(call)) return;
    throw new RangeError(
      `release() would make ${this.#bound + 1} permits of the ${this.#bound} that this semaphore is bounded to: ` +
        'its caller holds none that it acquired.',
    );
  }

  /** The permit is given back, if its owner still has it. */
  forfeit(call: CallContext, key: bigint): void {
    const permit = this.#held.get(key);
    if (permit?.session === call.session) this.#giveBack(permit);
  }

  /** They are freed while somebody has some: nothing is to remind of them until the end of that session. */
  dispose(): void {
    for (const { forget } of this.#purses.values()) forget();
  }

  state(): Record<string, unknown> {
    const owners = [];
    for (const permit of this.#held.values()) {
      if (owners.length === SHOWN) break;
      owners.push({ ...told(permit), since: permit.since, fence: permit.key });
    }
    return { free: this.#free, held: this.#held.size, owners, ...toldWaiting(this.#line) };
  }

  #grant(call: CallContext, { line, keyed }: Wanted): bigint {
    const key = call.fence;
    const { session, task, application, line: where } = claimant(call, line);
    // Named one by one: spreading them into it costs more than all else here.
    const permit: Permit = { session, task, application, line: where, key, keyed, since: Date.now() };
    this.#free--;
    this.#held.set(key, permit);
    call.onUndelivered(() => this.#unwanted(call, permit));
    const purse = this.#purses.get(permit.session);
    if (purse) purse.permits.add(permit);
    else {
      const first: Purse = { permits: new Set([permit]), forget: () => undefined };
      this.#purses.set(permit.session, first);
      // Last, since it may have ended: then this takes back what was just granted.
      first.forget = call.onSessionEnd(() => {
        for (const one of first.permits) this.#giveBack(one);
      });
    }
    return key;
  }

  #giveBack(permit: Permit): void {
    if (!this.#held.delete(permit.key)) return;
    const purse = this.#purses.get(permit.session);
    purse?.permits.delete(permit);
    if (purse?.permits.size === 0) {
      this.#purses.delete(permit.session);
      purse.forget();
    }
    this.#add();
  }

  #add(): void {
    const next = this.#line.next();
    this.#free++;
    if (next) next.settle(this.#grant(next.call, next.data));
  }

  /** False where there would be too many. */
  #releaseAny(call: CallContext): boolean {
    const permit = this.#oldest(call);
    if (permit) this.#giveBack(permit);
    else if (this.#free + this.#held.size >= this.#bound) return false;
    else this.#add();
    return true;
  }

  #oldest(call: CallContext): Permit | undefined {
    let oldest: Permit | undefined;
    for (const permit of this.#purses.get(call.session)?.permits ?? []) {
      if (permit.keyed) continue;
      if (permit.task === call.task) return permit;
      oldest ??= permit;
    }
    return oldest;
  }

  /** Nobody took the answer with this permit. */
  #unwanted(call: CallContext, permit: Permit): void {
    if (this.#held.has(permit.key)) this.#giveBack(permit);
    // Released already, though its application never knew of it: what that wanted to release is another one. One whose
    // session has ended may have known of it.
    else if (!permit.keyed && !hasEnded(call)) this.#releaseAny(call);
  }

  #permit(call: CallContext, key: bigint): Permit {
    const permit = this.#held.get(key);
    if (permit?.session === call.session) return permit;
    throw new StateError(
      'release() was called for a permit that its caller does not hold: it was lost, or given back.',
      {
        method: 'release',
        ...(call.object && { typeid: call.object.typeid, objectId: call.object.id }),
      },
    );
  }
}

/** Whether the session of a call is over. */
function hasEnded(call: CallContext): boolean {
  let ended = false;
  call.onSessionEnd(() => (ended = true))();
  return ended;
}
