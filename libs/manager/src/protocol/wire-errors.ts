export { registerErrorClass } from './error-classes.js';
import { builtInClass, classOfCode, registeredClass, type ErrorClass } from './error-classes.js';
import { describeThrown, isUnsafeField, type ErrorStructure, type ThrownStructure } from './error-structure.js';
import { ManagerError, RemoteError, markManagerError } from './errors.js';
import { rememberForeign } from './foreign-errors.js';
import { isError } from './kinds.js';
import { DEFAULT_LIMITS } from './limits.js';
import { defineOwn } from './own.js';
import { prepareValue } from './values.js';

/** Fields of errors are for reading; nothing useful lies deeper. */
const FIELD_LIMITS = { depth: 32, messageBytes: DEFAULT_LIMITS.messageBytes / 4 };

/**
 * What was thrown, as it may stand in a message. Never throws: what cannot be carried is left out, and something thrown that
 * is no error and cannot be carried becomes an error that says what it was.
 */
export function encodeError(thrown: unknown): ThrownStructure {
  const carry = (value: unknown): unknown => prepareValue(value, undefined, FIELD_LIMITS, 'field');
  try {
    return describeThrown(thrown, carry);
  } catch {
    return {
      error: { type: 'Error', name: 'Error', message: `${describe(thrown)} was thrown, which cannot be carried` },
    };
  }
}

/**
 * What was thrown at the other side, to be thrown here. Errors arrive as their own class where it is known: ours by code,
 * those of the language, those registered. Others arrive as `RemoteError`. What was thrown without being an error, too,
 * arrives as it was.
 */
export function decodeError(wire: unknown): unknown {
  return revive(wire, asThrown, 0, new Set());
}

/** An error inside a value: as structured clone would have it, an unknown class is an `Error` that keeps its name. */
export function reviveErrorValue(structure: unknown): Error | undefined {
  return isStructure(structure) ? reviveError(structure, asData, 0, new Set()) : undefined;
}

interface Flavour {
  fallback: ErrorClass;
  /** Whether the error is thrown on, so that its stack begins where it arrived. */
  thrown: boolean;
}
const asThrown: Flavour = { fallback: RemoteError, thrown: true };
const asData: Flavour = { fallback: Error, thrown: false };

/** `seen`: structures in use. Ours are trees; one that stood at many places would be gone through once for each way to it. */
function revive(wire: unknown, flavour: Flavour, depth: number, seen: Set<object>): unknown {
  if (typeof wire === 'object' && wire !== null) {
    if (Object.hasOwn(wire, 'error')) {
      const { error } = wire as { error: unknown };
      if (isStructure(error) && !seen.has(error)) return reviveError(error, flavour, depth, seen);
    } else if (Object.hasOwn(wire, 'value')) return (wire as { value: unknown }).value;
  }
  return new RemoteError('An error arrived that could not be read');
}

function reviveError(structure: ErrorStructure, flavour: Flavour, depth: number, seen: Set<object>): Error {
  seen.add(structure);
  const type = classFor(structure) ?? flavour.fallback;
  const code = isManagerClass(type) ? (type as unknown as typeof ManagerError).code : undefined;
  const error = flavour.thrown ? construct(type, structure) : withoutStack(() => construct(type, structure));
  // Not where the server itself met a RemoteError and let it through: that one says of itself what it stands for.
  const foreign = type === RemoteError && structure.code !== code;
  addFields(error, structure.fields, type, code, foreign);
  if (foreign) {
    defineOwn(error, 'remoteName', remoteName(structure));
    rememberForeign(error, { type: structure.type, name: structure.name });
  }
  // A cause deeper than any that we send is not followed: the stack is ours to keep.
  if (structure.cause !== undefined && depth < 32)
    hide(error, 'cause', revive(structure.cause, flavour, depth + 1, seen));
  if (Array.isArray(structure.errors) && depth < 32) {
    hide(
      error,
      'errors',
      structure.errors.map((part) => revive(part, flavour, depth + 1, seen)),
    );
  }
  addStack(error, structure.stack, flavour.thrown);
  return error;
}

function classFor(structure: ErrorStructure): ErrorClass | undefined {
  if (typeof structure.code === 'string')
    return classOfCode(structure.code) ?? registeredClass(structure.type) ?? ManagerError;
  return registeredClass(structure.type) ?? builtInClass(structure.type);
}

/**
 * A true error of the class whose constructor is not run: its parameters are not known, and it may do anything. As
 * `new.target`, the class only lends its prototype.
 */
function construct(type: ErrorClass, structure: ErrorStructure): Error {
  const error = Reflect.construct(Error, [structure.message], type) as Error;
  if (isManagerClass(type)) {
    const own = type as unknown as typeof ManagerError;
    markManagerError(error, own);
    defineOwn(error, 'code', own.code);
    defineOwn(error, 'retryable', own.retryable);
  }
  const name = type === RemoteError ? 'RemoteError' : structure.name;
  if (error.name !== name) hide(error, 'name', name);
  return error;
}

/** Where an error of a value was read tells nothing, and costs more than all the rest of it. */
function withoutStack<E>(make: () => E): E {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
  } catch {
    // Frozen.
    return make();
  }
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function addFields(error: Error, fields: unknown, type: ErrorClass, code: string | undefined, foreign: boolean): void {
  if (typeof fields !== 'object' || fields === null) return;
  for (const [key, value] of Object.entries(fields)) {
    if (key === 'code' && code !== undefined && value !== code) {
      // The code says what class an error of ours is; a foreign one (ECONNREFUSED) must not.
      if (foreign) defineOwn(error, 'remoteCode', value);
      else if (type === ManagerError) defineOwn(error, 'code', value);
      continue;
    }
    // Neither what an error is (constructor, toString, __proto__), nor a member of its class, nor what is set below.
    if (isUnsafeField(key) || reserved.has(key) || key in type.prototype) continue;
    if (foreign ? local.has(key) : code !== undefined && !isManagerField(key, value)) continue;
    defineOwn(error, key, value);
  }
}

/** What a `RemoteError` says of the call and of itself; fields of the same name that a foreign error had are not it. */
const local = new Set(['remoteName', 'remoteCode', 'retryable', 'fate']);
const fates: readonly unknown[] = ['not-executed', 'executed', 'unknown'];

/** Whether our errors may have such a value in this field. */
function isManagerField(key: string, value: unknown): boolean {
  if (key === 'fate') return fates.includes(value);
  return key !== 'retryable' || typeof value === 'boolean';
}

const reserved = new Set(['stack', 'cause', 'errors', 'remoteStack', '__proto__']);

/** The stack of here, then that of there. Put together when it is read: formatting costs more than all the rest. */
function addStack(error: Error, remote: unknown, thrown: boolean): void {
  if (typeof remote !== 'string') return;
  if (!thrown) return hide(error, 'stack', remote);
  hide(error, 'remoteStack', remote);
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, decodeError);
  Object.defineProperty(error, 'stack', {
    configurable: true,
    enumerable: false,
    get(this: Error) {
      const trace = (here.stack ?? '').split('\n').slice(1).join('\n');
      return `${this.name}: ${this.message}\n${trace}\n    at the manager server:\n${remote}`;
    },
    set(this: Error, stack: unknown) {
      hide(this, 'stack', stack);
    },
  });
}

function remoteName({ name, type }: ErrorStructure): string {
  // A class that never set its name still has one.
  return name === 'Error' ? type : name;
}

/** What belongs to an error but is none of its fields. */
function hide(error: Error, key: string, value: unknown): void {
  defineOwn(error, key, value, false);
}

function isManagerClass(type: ErrorClass): boolean {
  return type === ManagerError || Object.prototype.isPrototypeOf.call(ManagerError.prototype, type.prototype);
}

function isStructure(wire: unknown): wire is ErrorStructure {
  if (typeof wire !== 'object' || wire === null) return false;
  const { type, name, message } = wire as Partial<Record<keyof ErrorStructure, unknown>>;
  return typeof type === 'string' && typeof name === 'string' && typeof message === 'string';
}

function describe(thrown: unknown): string {
  if (isError(thrown)) return 'An error';
  return typeof thrown === 'object' ? 'An object' : `A ${typeof thrown}`;
}
