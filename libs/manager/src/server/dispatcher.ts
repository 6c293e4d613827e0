import { isPromise } from 'node:util/types';
import { ManagerError } from '../protocol/index.js';
import type { Call } from './call.js';
import { invoke } from './invoke.js';
import type { HostedObject, ObjectTable } from './object-table.js';
import { abortedError, describe, notExposed, notHeld, timeoutError, tooManyWaiting } from './refusals.js';

export interface DispatcherOptions {
  table: ObjectTable;
  /** Calls on object 0: the server itself. */
  verb: (call: Call) => unknown;
  /** Whether the server's own lease holds: whoever has waited for a turn may not start otherwise. */
  mayStart: () => boolean;
}

/** The calls of one serial object: those that wait for their turn, and the one that has it, with what it called there. */
interface Line {
  readonly waiting: Call[];
  /** The turn is over when the last of them is: a call may end before what it began and did not wait for. */
  readonly turn: Set<Call>;
  advancing: boolean;
}

/**
 * Starts calls in the order in which they are admitted, whoever makes them, and sees each to its one end. A call holds its
 * object from its start until its answer is on its way.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #lines = new WeakMap<HostedObject, Line>();
  /** Those whose next call waits until the server has asserted its lease. */
  readonly #held = new Set<Line>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Starts the call, or puts it in the line of its serial object. */
  admit(call: Call): void {
    const { target } = call;
    if (call.ended) return;
    if (!target) return this.#run(call);
    if (target.freed) return this.refuse(call, notHeld(target.id, call.session));
    call.enter();
    if (!target.type.methods.has(call.method)) return this.refuse(call, notExposed(target, call.method));
    if (target.type.waits.has(call.method)) {
      if (!call.origin.mayWait(call)) return this.refuse(call, tooManyWaiting(call));
      call.waits = true;
    }
    if (target.type.serial) this.#lineUp(call, target);
    else this.#run(call);
  }

  /** The server's lease was asserted again. */
  resume(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const line of held) this.#advance(line);
  }

  /** Ends a call that never started. */
  refuse(call: Call, error: ManagerError): void {
    if (call.ended) return;
    call.origin.fail(call, error, 'not-executed');
    this.#conclude(call);
  }

  /** The caller stopped waiting: a call that runs is told, one that does not never will. */
  cancel(call: Call): void {
    const error = abortedError(call);
    call.cancel(error);
    if (!call.started) this.refuse(call, error);
  }

  /** Nobody is there any more to take the outcome; a call that runs goes on to its end. */
  abandon(call: Call, reason: unknown): void {
    call.cancel(reason);
    if (!call.started) this.#conclude(call);
  }

  #lineUp(call: Call, target: HostedObject): void {
    let line = this.#lines.get(target);
    if (!line) this.#lines.set(target, (line = { waiting: [], turn: new Set(), advancing: false }));
    // Its own chain goes ahead of all lines: the call that has the turn waits for this one.
    for (const one of line.turn) if (one.leadsTo(call)) return this.#run(call, line);
    if (call.due !== undefined) {
      call.timer = setTimeout(() => {
        if (!call.started) this.refuse(call, timeoutError(call, `while it waited for its turn at ${describe(target)}`));
      }, call.due - performance.now());
    }
    line.waiting.push(call);
    this.#advance(line);
    if (!call.started && !call.ended) call.origin.lasts(call);
  }

  /** Lets the calls of a serial object run, one at a time, in the order in which they were admitted. */
  #advance(line: Line): void {
    if (line.advancing) return;
    line.advancing = true;
    while (line.turn.size === 0 && line.waiting.length > 0) {
      if (!this.#options.mayStart()) {
        this.#held.add(line);
        break;
      }
      const call = line.waiting.shift() as Call;
      if (call.ended) continue;
      if (call.expired) this.refuse(call, timeoutError(call, 'before its turn came'));
      else this.#run(call, line);
    }
    line.advancing = false;
  }

  #run(call: Call, line?: Line): void {
    const { target } = call;
    // It waited in a line, and its object was taken from everybody meanwhile.
    if (target?.freed) return this.refuse(call, notHeld(target.id, call.session));
    call.started = true;
    line?.turn.add(call);
    let result: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      result = target ? invoke(call, target) : this.#options.verb(call);
      promise = promiseOf(result);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (!promise) return this.#finish(call, result);
    call.origin.lasts(call);
    promise.then(
      (value) => this.#finish(call, value),
      (error: unknown) => this.#fail(call, error),
    );
  }

  #finish(call: Call, value: unknown): void {
    let later: Promise<void> | undefined;
    try {
      later = call.origin.deliver(call, value);
    } catch (error) {
      return this.#fail(call, error);
    }
    if (!later) return this.#conclude(call);
    call.origin.lasts(call);
    later.then(
      () => this.#conclude(call),
      (error: unknown) => this.#fail(call, error),
    );
  }

  #fail(call: Call, error: unknown): void {
    // An error that hosted code let through may have a fate, but that is of a call that it made itself.
    const fate = (!call.entered && error instanceof ManagerError && error.fate) || 'executed';
    call.origin.fail(call, error, fate);
    this.#conclude(call);
  }

  /** The call is over: what its origin counted goes back, what it held is let go, the next in line starts. */
  #conclude(call: Call): void {
    if (call.ended) return;
    call.ended = true;
    if (call.timer) clearTimeout(call.timer);
    call.origin.concluded(call);
    call.settleLoans();
    const { target } = call;
    if (!target) return;
    const line = target.type.serial ? this.#lines.get(target) : undefined;
    if (call.holdsTarget) this.#options.table.leave(target);
    if (line?.turn.delete(call) && line.turn.size === 0) this.#advance(line);
  }
}

/** What is to be waited for. Asking a foreign object for its `then`, or calling it, may throw. */
function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isPromise(value)) return value;
  return typeof (value as { then?: unknown }).then === 'function' ? Promise.resolve(value) : undefined;
}
