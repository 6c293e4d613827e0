/**
 * What is known of a call that failed.
 *
 * - `not-executed`: the method never started; calling again cannot run it twice.
 * - `executed`: the method ran (and threw, or its result could not be carried).
 * - `unknown`: it may have run. Ask the object before calling again.
 */
export type Fate = 'not-executed' | 'executed' | 'unknown';

/** What an error may say beside its message. Every field is optional; those given become fields of the error. */
export interface ErrorDetails {
  fate?: Fate;
  cause?: unknown;
  typeid?: string;
  objectId?: number;
  objectName?: string;
  method?: string;
  server?: string;
  generation?: number;
  session?: string;
  /** Milliseconds that the call was given. */
  timeout?: number;
  /** Milliseconds after which trying again makes sense. */
  retryAfter?: number;
  /** Class name of an error that arrived from the server and has no class here. */
  remoteName?: string;
  /** Of a `TicketInvalidError`. */
  reason?: TicketFault;
}

/**
 * Why a ticket is not taken.
 *
 * - `damaged`: it is no ticket, or is not what it was.
 * - `unknown`: its server never made it, or has forgotten it.
 * - `expired`: its `ttl` is over.
 * - `used-up`: it was redeemed as often as its `uses` allow.
 * - `foreign`: it is of a start of the server that is over, or of another namespace.
 */
export type TicketFault = 'damaged' | 'expired' | 'foreign' | 'unknown' | 'used-up';

const brand: unique symbol = Symbol.for('nestjs-manager.error') as never;

/**
 * Base of every error this library raises. `code` is stable across versions; the message is not.
 *
 * `instanceof` compares codes rather than prototypes, so that it holds across two installed copies of the package.
 *
 * @example
 * ```ts
 * try {
 *   await visits.increment();
 * } catch (error) {
 *   if (error instanceof ManagerError && error.fate === 'not-executed') return retry();
 *   throw error;
 * }
 * ```
 */
export class ManagerError extends Error {
  static readonly code: string = 'ERR_MANAGER';
  /** Whether the same call may succeed later without anything being changed by the caller. */
  static readonly retryable: boolean = false;

  readonly code: string;
  readonly retryable: boolean;
  declare readonly fate?: Fate;
  declare readonly typeid?: string;
  declare readonly objectId?: number;
  declare readonly objectName?: string;
  declare readonly method?: string;
  declare readonly server?: string;
  declare readonly generation?: number;
  declare readonly session?: string;
  declare readonly timeout?: number;
  declare readonly retryAfter?: number;
  declare readonly remoteName?: string;
  /** The stack of the server where the error was made, if it came from there. */
  declare readonly remoteStack?: string;

  constructor(message: string, details: ErrorDetails = {}) {
    const { cause, ...fields } = details;
    super(message, cause === undefined ? undefined : { cause });
    const type = new.target as typeof ManagerError;
    this.code = type.code;
    this.retryable = type.retryable;
    Object.assign(this, fields);
    Object.defineProperty(this, 'name', { value: type.name, configurable: true, writable: true });
    markManagerError(this, type);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(brand in value)) return false;
    if (this === ManagerError) return true;
    // A subclass, ours or a user's, may have a code of its own and is an instance of its base all the same.
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    return Object.hasOwn(this, 'code') && (value as { [brand]: unknown })[brand] === this.code;
  }
}

/** Makes an error one of ours without running its constructor, as for those that arrive from a server. Not for users. */
export function markManagerError(error: Error, type: typeof ManagerError): void {
  Object.defineProperty(error, brand, { value: type.code });
}

/** The call did not end within its timeout. `fate` is `not-executed` only where it never left or the server refused it unstarted. */
export class CallTimeoutError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_CALL_TIMEOUT';
  static override readonly retryable = true;
}

/** The call was ended by its `AbortSignal`, or because its handle was released; `cause` is the signal's reason. */
export class CallAbortedError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_CALL_ABORTED';
}

/** A bound on calls or bytes was reached. Nothing was executed; try again after `retryAfter` ms. */
export class OverloadedError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_OVERLOADED';
  static override readonly retryable = true;
}

/** The object is gone: its server died, it was unlinked, or nobody held it any more. */
export class ObjectLostError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_OBJECT_LOST';
}

/** The session under which this reference was held has ended; what it held was given back. */
export class SessionExpiredError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_SESSION_EXPIRED';
}

/** The handle was released before; the message names the place. Nothing was sent. */
export class ProxyReleasedError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_PROXY_RELEASED';
}

/** The server does not expose a method of this name on the type. */
export class MethodNotExposedError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_METHOD_NOT_EXPOSED';
}

/** No type is registered under this typeid at the server that was asked, or at any live server. */
export class TypeNotRegisteredError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_TYPE_NOT_REGISTERED';
}

/** No live manager server could be reached in time. Nothing was executed. */
export class ServerUnavailableError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_SERVER_UNAVAILABLE';
  static override readonly retryable = true;
}

/** The server is closing, or lost its own lease, and starts no further call. */
export class ServerClosingError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_SERVER_CLOSING';
  static override readonly retryable = true;
}

/** Another live server owns the name under which this one wanted to start, or took it over. */
export class ServerSupersededError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_SERVER_SUPERSEDED';
}

/** One side could not prove that it has the `authkey` of the other. Nothing was executed. */
export class AuthenticationError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_AUTHENTICATION';
}

/** The manager was closed. */
export class ManagerClosedError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_CLOSED';
}

/** A value cannot be carried: a function, a symbol, an instance with behaviour of its own. Raised where the value is. */
export class EncodingError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_ENCODING';
}

/** A message is larger, or a value nested deeper, than the limits allow. */
export class PayloadTooLargeError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_PAYLOAD_TOO_LARGE';
}

/** The ticket cannot be redeemed; `reason` says why. Nothing was executed, and no use of any ticket was spent. */
export class TicketInvalidError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_TICKET_INVALID';
  declare readonly reason: TicketFault;
}

/** Bytes that are not a frame of this protocol, or a version that is not spoken here. */
export class ProtocolError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_PROTOCOL';
}

/** An option, a decorator or a registration that cannot work. Raised at bootstrap. */
export class ConfigurationError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_CONFIGURATION';
}

/** What was asked cannot be done in the state that the object is in: a lock that is not held is released, for example. */
export class StateError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_STATE';
}

/** A dict, set or namespace has no such key, member or field; or nothing has the name that was asked for. */
export class KeyNotFoundError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_KEY_NOT_FOUND';
}

/** A block of shared memory cannot be reached from here: it is on another machine, in a container that shares no memory with this one, or another user's. */
export class BlockUnreachableError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_BLOCK_UNREACHABLE';
}

/** The queue is empty, and stayed so for as long as the call was to wait. Nothing was taken. */
export class QueueEmptyError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_QUEUE_EMPTY';
  static override readonly retryable = true;
}

/** The queue is full, and stayed so for as long as the call was to wait. Nothing was put. */
export class QueueFullError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_QUEUE_FULL';
  static override readonly retryable = true;
}

/** The queue was shut down: nothing can be put any more, and there is nothing left to get. */
export class QueueShutDownError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_QUEUE_SHUT_DOWN';
}

/** The barrier is broken, or was broken while the call waited: somebody ran out of time, left or died, or it was aborted or reset. */
export class BrokenBarrierError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_BROKEN_BARRIER';
}

/** An `rlock` or a `condition` belongs to a task, and was used outside of one: use `runExclusive(fn)`, or wrap the work in `manager.task(fn)`. */
export class NoTaskError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_NO_TASK';
}

/** The worker thread of a pool that ran the task ended before it did; `cause` is what is known of that. */
export class WorkerLostError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_WORKER_LOST';
}

/** Hosted code threw something whose class is not known here; `remoteName` is its name there. */
export class RemoteError extends ManagerError {
  static override readonly code = 'ERR_MANAGER_REMOTE';
  /** What the error had as its own `code` there, such as `ECONNREFUSED`. */
  declare readonly remoteCode?: unknown;
}

/** Every error class with a code of its own, sorted by name; `docs/reference/errors.md` has an entry for each. */
export const managerErrors = {
  AuthenticationError,
  BlockUnreachableError,
  BrokenBarrierError,
  CallAbortedError,
  CallTimeoutError,
  ConfigurationError,
  EncodingError,
  KeyNotFoundError,
  ManagerClosedError,
  MethodNotExposedError,
  NoTaskError,
  ObjectLostError,
  OverloadedError,
  PayloadTooLargeError,
  ProtocolError,
  ProxyReleasedError,
  QueueEmptyError,
  QueueFullError,
  QueueShutDownError,
  RemoteError,
  ServerClosingError,
  ServerSupersededError,
  ServerUnavailableError,
  SessionExpiredError,
  StateError,
  TicketInvalidError,
  TypeNotRegisteredError,
  WorkerLostError,
} as const satisfies Record<string, typeof ManagerError>;
