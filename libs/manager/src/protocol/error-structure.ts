import { EncodingError, ManagerError } from './errors.js';
import { registeredNameOf } from './error-classes.js';
import { foreignName } from './foreign-errors.js';
import { isError } from './kinds.js';

/** An error as it travels: plain data throughout. */
export interface ErrorStructure {
  /** Name of the class: under which it is registered, or else what its constructor is called. */
  type: string;
  name: string;
  message: string;
  stack?: string;
  /** Code of a `ManagerError`. */
  code?: string;
  /** Own enumerable properties that could be carried. */
  fields?: Record<string, unknown>;
  cause?: ThrownStructure;
  /** Of an `AggregateError`. */
  errors?: readonly ThrownStructure[];
}

/** What was thrown, or stands as a cause: an error, or any other value. */
export type ThrownStructure = { error: ErrorStructure } | { value: unknown };

/** Errors behind errors that are followed; a longer chain tells nobody anything. */
const MAX_NESTING = 16;
/** A stack is for reading; one longer than this is cut. */
const MAX_STACK = 16_384;

/** Errors that are being described, outermost first: a field or cause that leads back to one of them is left out. */
const active: object[] = [];

/**
 * Everything about an error that can be carried. An error always can: a field that `carry` refuses (a function, the socket in
 * `error.request`), and one whose getter throws, is left out, because an error that could not be sent would hide what happened.
 */
export function describeError(error: Error, carry: (value: unknown) => unknown): ErrorStructure {
  if (active.includes(error) || active.length >= MAX_NESTING) {
    throw new EncodingError('an error that contains itself, or errors nested too deep');
  }
  active.push(error);
  try {
    const foreign = foreignName(error);
    const structure: ErrorStructure = {
      type: foreign?.type ?? registeredNameOf(error) ?? constructorName(error),
      name: foreign?.name ?? text(error, 'name') ?? 'Error',
      message: wellFormed(text(error, 'message') ?? ''),
    };
    const stack = text(error, foreign ? 'remoteStack' : 'stack');
    if (stack !== undefined) structure.stack = wellFormed(stack.slice(0, MAX_STACK));
    if (error instanceof ManagerError && !foreign) structure.code = error.code;
    const fields = foreign ? describeForeignFields(error, carry) : describeFields(error, carry);
    if (fields !== undefined) structure.fields = fields;
    const cause = Object.hasOwn(error, 'cause') ? describePart(read(error, 'cause'), carry) : undefined;
    if (cause !== undefined) structure.cause = cause;
    const errors = read(error, 'errors');
    if (Array.isArray(errors) && !Object.prototype.propertyIsEnumerable.call(error, 'errors')) {
      structure.errors = errors.map((part) => describePart(part, carry)).filter((part) => part !== undefined);
    }
    return structure;
  } finally {
    active.pop();
  }
}

/** What was thrown: an error, or whatever else somebody chose to throw. */
export function describeThrown(thrown: unknown, carry: (value: unknown) => unknown): ThrownStructure {
  return isError(thrown) ? { error: describeError(thrown, carry) } : { value: carry(thrown) };
}

function describePart(part: unknown, carry: (value: unknown) => unknown): ThrownStructure | undefined {
  try {
    return describeThrown(part, carry);
  } catch {
    return undefined;
  }
}

/** Told apart by the rest of the structure. */
const elsewhere = new Set(['name', 'message', 'stack', 'cause']);

function describeFields(error: Error, carry: (value: unknown) => unknown): Record<string, unknown> | undefined {
  let fields: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (elsewhere.has(key) || isUnsafeField(key)) continue;
    try {
      const value = (error as unknown as Record<string, unknown>)[key];
      if (value === undefined) continue;
      const carried = carry(value);
      (fields ??= {})[key] = carried;
    } catch {
      // Left out, as the comment above says.
    }
  }
  return fields;
}

/** What a `RemoteError` has beyond the fields of the error that it stands for. */
const added = new Set(['code', 'retryable', 'fate', 'remoteName', 'remoteCode']);

/** The fields that it had where it came from. */
function describeForeignFields(error: Error, carry: (value: unknown) => unknown): Record<string, unknown> | undefined {
  const { remoteCode, ...rest } = describeFields(error, carry) ?? {};
  const own = Object.entries(rest).filter(([key]) => !added.has(key));
  if (remoteCode !== undefined) own.push(['code', remoteCode]);
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** Names that would change what an error *is*, rather than what it says. */
export function isUnsafeField(key: string): boolean {
  return key in Error.prototype || !(key as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function text(error: object, key: string): string | undefined {
  const value = read(error, key);
  return typeof value === 'string' ? value : undefined;
}

function read(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** A message is prose: a lone surrogate in it becomes U+FFFD rather than an extension. */
function wellFormed(prose: string): string {
  return (prose as unknown as { toWellFormed(): string }).toWellFormed();
}

function constructorName(error: Error): string {
  const constructor: unknown = read(error, 'constructor');
  const name: unknown = typeof constructor === 'function' ? constructor.name : undefined;
  return typeof name === 'string' && name !== '' ? wellFormed(name) : 'Error';
}
