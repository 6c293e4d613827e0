import { currentTask, handleOf, type CallOptions, type Handle, type Logger } from '../definition/index.js';
import {
  CallAbortedError,
  CallTimeoutError,
  copyValue,
  lightBytes,
  lightBytesOfAll,
  ManagerError,
  ServerClosingError,
} from '../protocol/index.js';
import type { Fate, Limits } from '../protocol/index.js';
import { Call, type CallOrigin } from './call.js';
import type { Dispatcher } from './dispatcher.js';
import { iteratorType } from './iterator-type.js';
import type { HostedObject } from './object-table.js';
import { closingError, describe } from './refusals.js';

/** Ms that a call waits by default, unless it is part of a call that waits less long. */
const TIMEOUT = 30_000;

export interface HostedCallsOptions {
  dispatcher: Dispatcher;
  limits: Limits;
  /** The server, as calls name it. */
  server: object;
  /** Nothing is hosted any more. */
  closed: () => boolean;
  /** Who calls where hosted code calls that is no part of a call: the server itself. */
  self: () => { id: string; application: string };
  logger: Logger;
  /** `fn` runs when the server closes. */
  onEnd: (fn: () => void) => () => void;
  nextFence: () => bigint;
  /** Whether the server's own lease holds. */
  mayStart: () => boolean;
  report: (error: unknown, context: string) => void;
  /** What stands for a shared thing in the hands of hosted code: a proxy, lent to `borrower` if there is one. */
  lend: (
    value: object,
    borrower: Call | undefined,
    lent: Map<unknown, object>,
    from: { call?: Call | undefined; handle?: Handle | undefined },
  ) => object | undefined;
}

/**
 * Calls that hosted code makes: of objects of the same server, through hosted proxies, and of the server itself. They are
 * asynchronous, copy what they carry, and run as the call that they are part of, where that is known.
 */
export class HostedCalls {
  readonly #options: HostedCallsOptions;
  #numbers = 0;
  #waiting = 0;
  /** Those that wait until the server has asserted its lease, in their order. */
  readonly #held: Call[] = [];
  /** Those of the server's own code that have not ended. */
  readonly #under = new Map<Call, HostedOrigin>();

  constructor(options: HostedCallsOptions) {
    this.#options = options;
  }

  call(
    target: HostedObject | undefined,
    method: string,
    args: readonly unknown[],
    options: CallOptions,
    parent: Call | undefined,
    handle?: Handle,
  ): Promise<unknown> {
    if (this.#options.closed()) return Promise.reject(closingError());
    const waits = target?.type.waits.has(method) ?? false;
    const released = waits ? handle?.releasing : undefined;
    const ended = options.signal?.aborted ? options.signal : released?.over ? released : undefined;
    if (ended) return Promise.reject(this.#aborted(target, method, ended.reason, 'not-executed'));
    const timeout = options.timeout ?? (waits ? 0 : TIMEOUT);
    const mine = timeout > 0 ? performance.now() + timeout : undefined;
    const due = parent?.due === undefined ? mine : Math.min(mine ?? Infinity, parent.due);
    return new Promise((resolve, reject) => {
      const origin = new HostedOrigin(this, this.#options, parent, handle, resolve, reject);
      const call = new Call(origin, target, ++this.#numbers, method, [], due, currentTask(parent), 0);
      call.parent = parent;
      try {
        call.args = this.#copy(args, call, 'args', {});
      } catch (error) {
        call.settleLoans();
        if (error instanceof ManagerError) Object.assign(error, { fate: error.fate ?? 'not-executed', method });
        return reject(error as Error);
      }
      call.enter();
      const ends = (reason: unknown): void => origin.giveUp(call, this.#aborted(target, method, reason, 'unknown'));
      if (options.signal) origin.listen(options.signal, ends);
      if (released) origin.listenToo(released.listen(ends));
      queueMicrotask(() => this.#admit(call));
    });
  }

  /** The server's lease was asserted again. */
  resume(): void {
    while (this.#held.length > 0 && this.#options.mayStart())
      this.#options.dispatcher.admit(this.#held.shift() as Call);
  }

  /** A copy of the result of `call` for whoever made it; what is shared in it is lent to `borrower`, which that one is part of. */
  result(value: unknown, borrower: Call | undefined, call: Call, handle: Handle | undefined): unknown {
    if (value === undefined || lightBytes(value) !== undefined) return value;
    return (this.#copy([value], borrower, 'result', { call, handle }) as [unknown])[0];
  }

  timedOut(call: Call): CallTimeoutError {
    const { method, target, started } = call;
    return new CallTimeoutError(
      `${method}()${target ? ` of ${describe(target)}` : ''} did not end in time; it ${started ? 'was started' : 'was not executed'}.`,
      {
        method,
        fate: started ? 'unknown' : 'not-executed',
        ...(target && { typeid: target.type.typeid, objectId: target.id }),
      },
    );
  }

  onSessionEnd(call: Call | undefined, fn: () => void): () => void {
    return (call?.origin ?? this.#options).onEnd(fn);
  }

  under(call: Call, origin: HostedOrigin): () => void {
    this.#under.set(call, origin);
    return () => this.#under.delete(call);
  }

  /** Calls of the server's own code that run: those that wait do not count. */
  get underWay(): number {
    const runs = (call: Call): boolean => call.started && !call.endsWithSession && call.target?.type !== iteratorType;
    return [...this.#under.keys()].filter(runs).length;
  }

  /** The server has closed: nothing that its own code waits for will come any more. */
  close(): void {
    for (const [call, origin] of this.#under) {
      const { method, target } = call;
      const text = `The server closed before ${method}()${target ? ` of ${describe(target)}` : ''} had ended.`;
      origin.giveUp(call, new ServerClosingError(text, { fate: 'unknown', method }));
    }
  }

  mayWait(): boolean {
    if (this.#waiting >= this.#options.limits.waiting) return false;
    this.#waiting++;
    return true;
  }

  waited(): void {
    this.#waiting--;
  }

  /** Code of a server that was superseded runs on, and starts nothing more there. */
  #admit(call: Call): void {
    if (this.#held.length === 0 && this.#options.mayStart()) return this.#options.dispatcher.admit(call);
    this.#held.push(call);
    call.origin.lasts(call);
  }

  #copy(
    value: readonly unknown[],
    borrower: Call | undefined,
    root: string,
    from: { call?: Call; handle?: Handle | undefined },
  ): readonly unknown[] {
    if (lightBytesOfAll(value) !== undefined) return [...value];
    // One proxy for each object, however many values stand for it.
    const lent = new Map<unknown, object>();
    const lend = (object: object): object | undefined => this.#options.lend(object, borrower, lent, from);
    try {
      return copyValue(value, this.#options.limits, lend, root);
    } catch (error) {
      // Nobody gets what was lent before something was met that cannot be carried.
      for (const proxy of lent.values()) handleOf(proxy)?.release();
      throw error;
    }
  }

  #aborted(target: HostedObject | undefined, method: string, cause: unknown, fate: Fate): ManagerError {
    return new CallAbortedError(`The call of ${method}() was ended by its caller.`, {
      fate,
      method,
      cause,
      ...(target && { typeid: target.type.typeid, objectId: target.id }),
    });
  }
}

/** Where one call of hosted code came from. */
class HostedOrigin implements CallOrigin {
  readonly id: string;
  readonly application: string;
  readonly answerBytes: number;
  readonly server: object;
  readonly #calls: HostedCalls;
  readonly #options: HostedCallsOptions;
  readonly #parent: Call | undefined;
  /** That it was made with. */
  readonly #handle: Handle | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;
  /** Nobody waits for the outcome any more. */
  #givenUp = false;
  #lasting = false;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void)[] = [];

  constructor(
    calls: HostedCalls,
    options: HostedCallsOptions,
    parent: Call | undefined,
    handle: Handle | undefined,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ) {
    const { id, application } = parent?.origin ?? options.self();
    this.id = id;
    this.application = application;
    this.server = options.server;
    this.#calls = calls;
    this.#options = options;
    this.#parent = parent;
    this.#handle = handle;
    this.answerBytes = options.limits.messageBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get logger(): Logger {
    return this.#options.logger;
  }

  nextFence(): bigint {
    return this.#options.nextFence();
  }

  onEnd(fn: () => void): () => void {
    return (this.#parent?.origin ?? this.#options).onEnd(fn);
  }

  mayWait(): boolean {
    return this.#calls.mayWait();
  }

  /** It does not end in this step: from here on it can run out of time, and hears of the end of the call it is part of. */
  lasts(call: Call): void {
    if (this.#lasting || call.ended) return;
    this.#lasting = true;
    if (call.due !== undefined) {
      const timeUp = (): void => this.giveUp(call, this.#calls.timedOut(call));
      this.#timer = setTimeout(timeUp, Math.max(0, call.due - performance.now()));
    }
    if (!this.#parent) this.listenToo(this.#calls.under(call, this));
    else this.listen(this.#parent.signal, () => this.#options.dispatcher.cancel(call));
  }

  listen(signal: AbortSignal, ends: (reason: unknown) => void): void {
    const abort = (): void => ends(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#unlisten.push(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  /** What is to be done when it is over. */
  listenToo(unlisten: () => void): void {
    this.#unlisten.push(unlisten);
  }

  giveUp(call: Call, error: ManagerError): void {
    if (this.#givenUp || call.ended) return;
    if (!call.started) Object.assign(error, { fate: 'not-executed' });
    this.#givenUp = true;
    this.#reject(error);
    this.#options.dispatcher.cancel(call);
  }

  deliver(call: Call, value: unknown): undefined {
    if (this.#givenUp) return;
    const parent = this.#parent?.ended ? undefined : this.#parent;
    this.#resolve(this.#calls.result(value, parent, call, this.#handle));
    call.delivered((error) => this.#options.report(error, `An onDelivered handler of ${call.method}() failed`));
  }

  fail(_call: Call, error: unknown, fate: Fate): void {
    if (this.#givenUp) return;
    // What the error says itself may be the fate of a call that this one made.
    if (error instanceof ManagerError) Object.assign(error, { fate });
    this.#reject(error as Error);
  }

  concluded(call: Call): void {
    clearTimeout(this.#timer);
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
    if (call.waits) this.#calls.waited();
    call.undelivered((error) => this.#options.report(error, `An onUndelivered handler of ${call.method}() failed`));
  }
}
