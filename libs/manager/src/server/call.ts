import { setMaxListeners } from 'node:events';
import type { CallContext, Logger } from '../definition/index.js';
import type { Fate } from '../protocol/index.js';
import type { HostedObject, Hosting } from './object-table.js';

/** Where a call came from, and so where its outcome goes. */
export interface CallOrigin {
  /** The server that the call runs in. */
  readonly server: object;
  /** Id of the session. */
  readonly id: string;
  /** Bytes that an answer may have. */
  readonly answerBytes: number;
  readonly application: string;
  readonly logger: Logger;
  nextFence(): bigint;
  /** `fn` runs when the session ends, at once if it has; the function that is given takes it off. */
  onEnd(fn: () => void): () => void;
  /** One more call may wait for ever. False where there are too many. */
  mayWait(call: Call): boolean;
  /** The call goes on after this step. */
  lasts(call: Call): void;
  /** Hands the result over; a promise where that takes longer. Throws, and has sent nothing, where it cannot be carried. */
  deliver(call: Call, value: unknown): Promise<void> | undefined;
  fail(call: Call, error: unknown, fate: Fate): void;
  /** The call is over, and its outcome on its way, if there is anybody to have it. */
  concluded(call: Call): void;
}

/** What a call has only for as long as it runs. */
export interface Loan {
  /** The call is over. */
  end(): void;
  /** It lasts as long as another call from here on. */
  lend?(call: Call): void;
}

/** What goes on after a call that gave iterators. */
export interface Continuation {
  begin(body: Call): void;
  /** Takes over what the call had. False where there is nobody any more who needs it. */
  inherit(loan: Loan): boolean;
  /** A part of it is over, of which this call is the body. */
  over(body: Call): void;
}

/** One call while the server has it: what hosted code sees as `currentCall()`, and what dispatch must know of it. */
export class Call implements CallContext {
  readonly number: number;
  readonly method: string;
  args: readonly unknown[];
  readonly origin: CallOrigin;
  /** Undefined for a call of the server itself (object 0). */
  readonly target: HostedObject | undefined;
  /** Credit that goes back when it ends. */
  readonly bytes: number;
  readonly #task: string;
  /** When it runs out of time, by the monotonic clock: one that is set must not end calls, nor start those that are over. */
  readonly due: number | undefined;
  /** Its credit went back when it started, because it may wait for ever. */
  waits = false;
  started = false;
  /** Hosted code was entered: a failure from here on is one of a call that ran. */
  entered = false;
  ended = false;
  /** Counted among the calls of its target. */
  #entered = false;
  /** The call that made it, where hosted code did. */
  parent: Call | undefined;
  /** Of the body of an iterator: what it borrows is kept by this instance, for as long as the iterator is open. */
  keeper: Hosting | undefined;
  /** Of such a body: what it is a part of. */
  whole: Continuation | undefined;
  /** The iterators that it gave. */
  continuation: Continuation | undefined;
  /** What it received, got in answer and created, and what it made or found for its caller. */
  #loans: Set<Loan> | undefined;
  /** Told of what a constructor or factory makes, once that is known. */
  #keepers: ((instance: object) => void)[] | undefined;
  /** Waits for the deadline while the call stands in line. */
  timer: NodeJS.Timeout | undefined;
  #abort: AbortController | undefined;
  #abortedWith: unknown;
  #undelivered: (() => void)[] | undefined;
  #delivered: (() => void)[] | undefined;

  constructor(
    origin: CallOrigin,
    target: HostedObject | undefined,
    number: number,
    method: string,
    args: readonly unknown[],
    due: number | undefined,
    task: string,
    bytes: number,
  ) {
    this.origin = origin;
    this.target = target;
    this.number = number;
    this.method = method;
    this.args = args;
    this.due = due;
    this.#task = task;
    this.bytes = bytes;
  }

  get session(): string {
    return this.origin.id;
  }

  get application(): string {
    return this.origin.application;
  }

  get task(): string | undefined {
    return this.#task === '' ? undefined : this.#task;
  }

  /** Ms since 1970 by this machine's clock; undefined without a timeout. */
  get deadline(): number | undefined {
    return this.due === undefined ? undefined : Math.round(Date.now() + this.due - performance.now());
  }

  /** Made when first asked for: few methods look at it. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal);
      if (this.#abortedWith !== undefined) this.#abort.abort(this.#abortedWith);
    }
    return this.#abort.signal;
  }

  get fence(): bigint {
    return this.origin.nextFence();
  }

  get object(): CallContext['object'] {
    if (!this.target) return undefined;
    const { id, type, name } = this.target;
    return { id, typeid: type.typeid, ...(name !== undefined && { name }) };
  }

  get logger(): Logger {
    return this.origin.logger;
  }

  onUndelivered(fn: () => void): void {
    (this.#undelivered ??= []).push(fn);
  }

  onDelivered(fn: () => void): void {
    (this.#delivered ??= []).push(fn);
  }

  onSessionEnd(fn: () => void): () => void {
    return this.origin.onEnd(fn);
  }

  /** Holds its target from here until it is concluded. Idempotent. */
  enter(): void {
    if (this.#entered || !this.target) return;
    this.#entered = true;
    this.target.enter();
  }

  get holdsTarget(): boolean {
    return this.#entered;
  }

  /** Something lasts as long as the call does. */
  borrow(loan: Loan): void {
    (this.#loans ??= new Set()).add(loan);
  }

  /** It lasts on another's account now, or is over. */
  unburden(loan: Loan): void {
    this.#loans?.delete(loan);
  }

  /** Everything it borrowed goes back, unless the iterators that it gave need it. */
  settleLoans(): void {
    const loans = this.#loans;
    if (!loans) return;
    this.#loans = undefined;
    for (const loan of loans) if (!this.continuation?.inherit(loan)) loan.end();
  }

  /** Everything it borrowed goes back. */
  endLoans(): void {
    const loans = this.#loans;
    this.#loans = undefined;
    for (const loan of loans ?? []) loan.end();
  }

  /** What it borrowed lasts as long as another call. */
  passLoans(to: Call): void {
    for (const loan of [...(this.#loans ?? [])]) loan.lend?.(to);
  }

  /** In a constructor or factory: `keep` is called with what it makes. */
  whenMade(keep: (instance: object) => void): void {
    (this.#keepers ??= []).push(keep);
  }

  made(instance: object): void {
    const keepers = this.#keepers;
    this.#keepers = undefined;
    for (const keep of keepers ?? []) keep(instance);
  }

  /** A call for what is still to run of this one after it has ended. */
  part(): Call {
    const part = new Call(this.origin, this.target, this.number, this.method, [], undefined, this.#task, 0);
    part.started = part.entered = true;
    return part;
  }

  /** Whether `call` is this one, or was made by it, or by a call that it made, and so on. */
  leadsTo(call: Call): boolean {
    for (let one: Call | undefined = call; one; one = one.parent) if (one === this) return true;
    return false;
  }

  /** Something is handed over by the answer: it is final only once the answer was taken by somebody who waits. */
  get handsOver(): boolean {
    return this.#undelivered !== undefined || this.#delivered !== undefined;
  }

  /** The answer was acknowledged, and not sent back as unwanted. Runs what hosted code left for this case, once. */
  delivered(report: (error: unknown) => void): void {
    this.#handOver(this.#delivered, report);
  }

  /** Nobody took the answer. Runs what hosted code left for this case, once. */
  undelivered(report: (error: unknown) => void): void {
    this.#handOver(this.#undelivered, report);
  }

  #handOver(handlers: (() => void)[] | undefined, report: (error: unknown) => void): void {
    this.#delivered = this.#undelivered = undefined;
    for (const handler of handlers ?? []) {
      try {
        handler();
      } catch (error) {
        report(error);
      }
    }
  }

  /** The caller stopped waiting, or its session ended. */
  cancel(reason: unknown): void {
    this.#abortedWith ??= reason;
    this.#abort?.abort(reason);
  }

  /** It may wait for ever, and listens for the end of its session, so that nobody need wait for it. */
  get endsWithSession(): boolean {
    return this.waits && this.#abort !== undefined;
  }

  get cancelled(): boolean {
    return this.#abortedWith !== undefined;
  }

  get expired(): boolean {
    return this.due !== undefined && performance.now() >= this.due;
  }
}
