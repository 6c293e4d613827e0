import { noTask, type CallContext } from '../../definition/index.js';
import { StateError } from '../../protocol/index.js';
import { claimant, told, toldWaiting, type Claimant } from './claimant.js';
import { Deadlocks, type Contended } from './deadlocks.js';
import { WaitingLine } from './waiting-line.js';

/** The time in which somebody has the mutex, the waits of a condition in between included. */
interface Hold extends Claimant {
  /** The fence of its first grant, by which its owner names it. */
  key: bigint;
  /** The fence of its last grant: newer after the wait of a condition, in which others had the mutex. */
  fence: bigint;
  depth: number;
  since: number;
  /** Takes back what waits for the end of the session. */
  forget: () => void;
}

/** What a condition remembers of a hold while it waits. */
export interface Suspended {
  readonly key: bigint | undefined;
  readonly depth: number;
  readonly line: string | undefined;
}

const FRESH: Suspended = { key: undefined, depth: 1, line: undefined };

/** One owner at a time, and those in line: what locks and conditions are made of. */
export class Mutex implements Contended {
  readonly #typeid: string;
  /** By its task alone: the same task may have it several times, and another one of its session cannot release it. */
  readonly #reentrant: boolean;
  #hold: Hold | undefined;
  readonly #line = new WaitingLine<bigint | false, Suspended>();
  /** As the log names it. */
  name: string;

  constructor(typeid: string, reentrant: boolean) {
    this.#typeid = typeid;
    this.#reentrant = reentrant;
    this.name = typeid;
  }

  get owner(): Claimant | undefined {
    return this.#hold;
  }

  get locked(): boolean {
    return this.#hold !== undefined;
  }

  /** The key of the hold, or false where it was not to be had in time. */
  acquire(
    call: CallContext,
    options: { blocking: boolean; timeout: number | undefined },
    line?: string,
  ): bigint | false | Promise<bigint | false> {
    this.#expectTask(call, 'acquire');
    const hold = this.#hold;
    if (hold && this.#reentrant && isOwner(hold, call)) {
      hold.depth++;
      call.onUndelivered(() => this.#leave(hold));
      return hold.key;
    }
    if (!hold) return this.#grant(call, { ...FRESH, line });
    if (!options.blocking || options.timeout === 0) return false;
    return this.#wait(call, options.timeout, { ...FRESH, line });
  }

  /** One `acquire` less. With a key, only that hold. */
  release(call: CallContext, key?: bigint): void {
    this.#leave(this.held(call, 'release', key));
  }

  /** The whole hold is over, if there still is one of this key. */
  forfeit(call: CallContext, key: bigint): void {
    const hold = this.#hold;
    if (hold && hold.session === call.session && hold.key === key) this.#free(hold);
  }

  /** The fence of the caller's hold; undefined where it has none. */
  fence(call: CallContext): bigint | undefined {
    return this.#hold && this.#mine(this.#hold, call) ? this.#hold.fence : undefined;
  }

  /** The caller's hold. */
  held(call: CallContext, member: string, key?: bigint): Hold {
    this.#expectTask(call, member);
    const hold = this.#hold;
    if (hold && this.#mine(hold, call) && (key === undefined || hold.key === key)) return hold;
    const why = !hold
      ? 'nobody holds it'
      : hold.session !== call.session
        ? `${hold.application} (session ${hold.session}) holds it`
        : this.#mine(hold, call)
          ? 'it was lost, and acquired anew'
          : 'another task holds it';
    throw new StateError(
      `${member}() of ${this.#describe(call)} needs the lock to be held by its caller, and ${why}.`,
      {
        method: member,
        ...(call.object && { typeid: call.object.typeid, objectId: call.object.id }),
      },
    );
  }

  /** Lets go of it, however often it was acquired, for the wait of a condition. */
  suspend(call: CallContext, member: string): Suspended {
    const hold = this.held(call, member);
    const { key, depth, line } = hold;
    this.#free(hold);
    return { key, depth, line };
  }

  /** Takes it up again as it was, after those who came before. */
  resume(call: CallContext, suspended: Suspended): bigint | Promise<bigint | false> {
    return this.#hold ? this.#wait(call, undefined, suspended) : this.#grant(call, suspended);
  }

  /** It is freed while somebody holds it: nothing is to remind of it until the end of that session. */
  dispose(): void {
    this.#hold?.forget();
  }

  state(): Record<string, unknown> {
    const hold = this.#hold;
    return {
      ...(hold && { owner: { ...told(hold), since: hold.since, fence: hold.fence, depth: hold.depth } }),
      ...toldWaiting(this.#line),
    };
  }

  #wait(call: CallContext, timeout: number | undefined, what: Suspended): Promise<bigint | false> {
    this.name = this.#describe(call);
    const over = Deadlocks.of(call)?.waits(this);
    const promise = this.#line.join(call, what, {
      timeout,
      timedOut: () => false,
      ...(over && { left: over }),
    });
    if (over) promise.then(over, over);
    return promise;
  }

  #grant(call: CallContext, { key, depth, line }: Suspended): bigint {
    const { fence } = call;
    const { session, task, application, line: where } = claimant(call, line);
    // Named one by one: spreading them into it costs more than all else here.
    const hold: Hold = {
      session,
      task,
      application,
      line: where,
      key: key ?? fence,
      fence,
      depth,
      since: Date.now(),
      forget: () => undefined,
    };
    this.#hold = hold;
    call.onUndelivered(() => this.#free(hold));
    hold.forget = call.onSessionEnd(() => this.#free(hold));
    return hold.key;
  }

  #leave(hold: Hold): void {
    if (--hold.depth === 0) this.#free(hold);
  }

  #free(hold: Hold): void {
    if (this.#hold !== hold) return;
    hold.forget();
    this.#hold = undefined;
    const next = this.#line.next();
    if (next) next.settle(this.#grant(next.call, next.data));
  }

  #mine(hold: Hold, call: CallContext): boolean {
    return this.#reentrant ? isOwner(hold, call) : hold.session === call.session;
  }

  #expectTask(call: CallContext, member: string): void {
    if (this.#reentrant && call.task === undefined) throw noTask(this.#typeid, member);
  }

  #describe(call: CallContext): string {
    const { object } = call;
    if (!object) return this.#typeid;
    return `${object.typeid} #${object.id}${object.name === undefined ? '' : ` ("${object.name}")`}`;
  }
}

function isOwner(hold: Hold, call: CallContext): boolean {
  return hold.session === call.session && hold.task === call.task;
}
