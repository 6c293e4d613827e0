import { AsyncResource } from 'node:async_hooks';
import { atPlace, placeOfCall } from '../definition/index.js';
import type { Handle, Target } from '../definition/index.js';
import { CallAbortedError, ManagerError, OverloadedError, ServerUnavailableError } from '../protocol/index.js';
import type { Connections } from './connections.js';

/** What calls go on with once it is there. */
export interface Reached extends Target {
  /** Whether a call of the member may wait for ever. */
  mayWait(method: string): boolean;
}

interface Waiting<R> {
  run(reached: R): void;
  fail(error: unknown): void;
}

/** Ms after which an application that was refused may try again. */
const AGAIN = 100;

/** Calls made while their object is not reached yet: they wait in their order, each for as long as it may. */
export class WaitingCalls<R extends Reached> {
  readonly #connections: Connections;
  /** What the calls wait for, in errors. */
  readonly #what: string;
  readonly #ids: { typeid: string; objectName?: string; objectId?: number };
  readonly #waiting: Waiting<R>[] = [];

  constructor(connections: Connections, what: string, ids: { typeid: string; objectName?: string; objectId?: number }) {
    this.#connections = connections;
    this.#what = what;
    this.#ids = ids;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Waits for the object for as long as the call may; `run` goes on with a handle that has the time that is left. */
  add(handle: Handle, method: string, run: (reached: R, handle: Handle) => Promise<unknown>): Promise<unknown> {
    const timeout = handle.options.timeout ?? this.#connections.timeout;
    const { signal } = handle.options;
    if (signal?.aborted) return Promise.reject(this.#aborted(method, signal.reason));
    if (this.#connections.closed.signal.aborted) return Promise.reject(this.#connections.closedError());
    if (this.#waiting.length >= this.#connections.limits.queued) return Promise.reject(this.#overloaded(method));
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const place = placeOfCall();
      // It is made by the task that makes it now, not by the one whose call found the object.
      const go = AsyncResource.bind(run);
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
      };
      const waiting: Waiting<R> = {
        run: (reached) => {
          done();
          const left = timeout > 0 ? Math.max(1, timeout - (performance.now() - since)) : 0;
          // What may wait for ever waits so from here on; only the way to the object was timed.
          const waits = handle.options.timeout === undefined && reached.mayWait(method);
          const later = handle.later({ ...handle.options, timeout: waits ? undefined : left });
          // Whatever it throws is its own failure, not that of those who wait behind it.
          atPlace(place, async () => go(reached, later)).then(resolve, reject);
        },
        fail: (error) => {
          done();
          reject(error as Error);
        },
      };
      const abort = (): void => waiting.fail(this.#aborted(method, signal?.reason));
      const timer =
        timeout > 0 ? setTimeout(() => waiting.fail(this.unreachable(timeout, method)), timeout) : undefined;
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  run(reached: R): void {
    for (const waiting of [...this.#waiting]) waiting.run(reached);
  }

  fail(error: unknown): void {
    for (const waiting of [...this.#waiting]) waiting.fail(error);
  }

  unreachable(timeout: number, method: string): ServerUnavailableError {
    const { lastError } = this.#connections;
    const why = lastError ? `: ${lastError.message.replace(/\.$/, '')}` : '';
    const state = this.#connections.connected() ? '' : ` (the connection is ${this.#connections.state}${why})`;
    return new ServerUnavailableError(
      `${this.#what} could not be reached within ${timeout} ms${state}; ${method}() was not executed.`,
      { ...this.#ids, fate: 'not-executed', method, timeout, ...(lastError && { cause: lastError }) },
    );
  }

  #aborted(method: string, cause: unknown): ManagerError {
    return new CallAbortedError(`The call of ${method}() was ended by its caller.`, {
      ...this.#ids,
      fate: 'not-executed',
      method,
      cause,
    });
  }

  #overloaded(method: string): OverloadedError {
    return new OverloadedError(
      `${this.#waiting.length} calls wait until ${this.#what} is reached, which is the limit; ${method}() was not queued.`,
      { ...this.#ids, fate: 'not-executed', method, retryAfter: AGAIN },
    );
  }
}
