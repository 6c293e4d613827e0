import { AsyncLocalStorage } from 'node:async_hooks';
import { ConfigurationError } from '../protocol/errors.js';
import { globalState } from './global-state.js';
import type { Logger } from './logger.js';

/** What hosted code can know of the call that it runs for. */
export interface CallContext {
  /** Id of the session that made the call. */
  readonly session: string;
  /** Name of the application that made the call, as the census shows it. */
  readonly application: string;
  /** The owner of locks that the call was made by; undefined outside a task. */
  readonly task: string | undefined;
  /** Fires when the caller cancelled the call, ran out of time or lost its session. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting: milliseconds since 1970 by this machine's clock; undefined where it waits for ever. */
  readonly deadline: number | undefined;
  /**
   * A number that only grows, over all servers of the namespace. Send it with a write to another system, and let that
   * refuse a smaller one: a server that was superseded while this method ran can then do no harm.
   */
  readonly fence: bigint;
  /** `fn` runs if the result did not reach anybody who still waited: put back what the call handed out. */
  onUndelivered(fn: () => void): void;
  /** `fn` runs once the result has reached somebody who still waited: what the call handed out is theirs now. */
  onDelivered(fn: () => void): void;
  /**
   * `fn` runs when the session that made the call ends, however it ends: take back what it owns. At once where it has ended.
   * Gives a function that takes `fn` off again. For a call of the server's own code it is the end of the server.
   */
  onSessionEnd(fn: () => void): () => void;
  /** What is being called; undefined in a constructor or a factory. */
  readonly object: { readonly id: number; readonly typeid: string; readonly name?: string } | undefined;
  /** Where the server logs. */
  readonly logger: Logger;
}

interface CallState {
  /** The call whose synchronous part is running. It is set for that long only, so no continuation ever sees it. */
  current: CallContext | undefined;
  /** The call of hosted code that asked for a context; null inside code that did not, though called from such. */
  readonly storage: AsyncLocalStorage<CallContext | null>;
}

const state = globalState<CallState>('call/1', () => ({ current: undefined, storage: new AsyncLocalStorage() }));

/**
 * The call that hosted code is running for. Valid in the synchronous part of a method, constructor or factory, and
 * throughout the call for a type with `context: true`. Work that outlives its call keeps the context of that call.
 *
 * @throws ConfigurationError outside a call, and after the first `await` of a type without `context: true`.
 *
 * @example
 * ```ts
 * async report(): Promise<Report> {
 *   const { signal } = currentCall(); // before the first await
 *   return this.#build(await this.#load({ signal }));
 * }
 * ```
 */
export function currentCall(): CallContext {
  const call = findCall();
  if (call !== undefined) return call;
  throw new ConfigurationError(
    'currentCall() was called outside a call: either no shared object is being called, or this is after the first ' +
      '`await` of a method whose type is not `@SharedType({ context: true })`. Call it before the first `await`, or set ' +
      '`context: true`.',
  );
}

/** As `currentCall()`, but undefined outside a call: for code that runs either way. */
export function findCall(): CallContext | undefined {
  return state.current ?? state.storage.getStore() ?? undefined;
}

/** The call of the type with a context that is running, through everything it awaits. */
export function lastingCall(): CallContext | undefined {
  return state.storage.getStore() ?? undefined;
}

/**
 * Runs `fn` as the synchronous part of `call`; for types without `context`. What it costs is paid by every call, so it
 * sets a variable and no more, unless it is reached from a call that has a context: that one must not show through
 * after `fn`'s first `await`, where it would pass for the call of `fn`.
 */
export function runInCall<R>(call: CallContext, fn: () => R): R {
  if (state.storage.getStore()) return state.storage.run(null, runSynchronously<R>, call, fn);
  return runSynchronously(call, fn);
}

/** Runs `fn` with `call` valid throughout everything that it awaits; for types with `context`. */
export function runInCallContext<R>(call: CallContext, fn: () => R): R {
  return state.storage.run(call, runSynchronously<R>, call, fn);
}

function runSynchronously<R>(call: CallContext, fn: () => R): R {
  const before = state.current;
  state.current = call;
  try {
    return fn();
  } finally {
    state.current = before;
  }
}
