import { ConfigurationError, ManagerError, managerErrors } from './errors.js';

/** A class of errors, whatever its constructor wants: it is never run for an error that arrives. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Classes of the language, which arrive as themselves. */
const builtInClasses: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map((type) => [
    type.name,
    type,
  ]),
);

const registered = new Map<string, ErrorClass>();
const names = new Map<object, string>();
const byCode = new Map<string, ErrorClass>(Object.values(managerErrors).map((type) => [type.code, type]));

/**
 * Lets errors of a class arrive as that class. Both sides register it, under the same name. Registering the same class again
 * under the same name does nothing.
 *
 * @throws ConfigurationError where the name, or the code of a `ManagerError`, belongs to another class
 */
export function registerErrorClass(name: string, type: ErrorClass): void {
  if (typeof type !== 'function' || name === '' || !isErrorPrototype(type.prototype)) {
    throw new ConfigurationError(
      `'${name}' cannot be registered as a class of errors: it needs a name and extends Error`,
    );
  }
  const owner = registered.get(name) ?? builtInClasses.get(name) ?? (managerErrors as Record<string, ErrorClass>)[name];
  if (owner === type) return;
  if (owner !== undefined) {
    throw new ConfigurationError(
      `The error name '${name}' is taken by another class; errors travel by name, so give one of the two another name`,
    );
  }
  const previous = names.get(type.prototype);
  if (previous !== undefined) {
    throw new ConfigurationError(`The class ${type.name} is already registered as the error '${previous}'`);
  }
  registerCode(type);
  registered.set(name, type);
  names.set(type.prototype, name);
}

/** A subclass of `ManagerError` with a code of its own is found by it, as ours are. */
function registerCode(type: ErrorClass): void {
  if (!(isErrorPrototype(type.prototype, ManagerError.prototype) && Object.hasOwn(type, 'code'))) return;
  const code = (type as unknown as typeof ManagerError).code;
  if (byCode.has(code)) throw new ConfigurationError(`The error code '${code}' is taken by another class`);
  byCode.set(code, type);
}

function isErrorPrototype(prototype: unknown, base: object = Error.prototype): boolean {
  return prototype === base || Object.prototype.isPrototypeOf.call(base, prototype as object);
}

/** Name of the nearest registered class above an error; one not registered itself arrives as its registered base. */
export function registeredNameOf(error: object): string | undefined {
  if (names.size === 0) return undefined;
  for (let proto = protoOf(error); proto !== null; proto = protoOf(proto)) {
    const name = names.get(proto);
    if (name !== undefined) return name;
  }
  return undefined;
}

export function registeredClass(name: string): ErrorClass | undefined {
  return registered.get(name);
}

export function builtInClass(name: string): ErrorClass | undefined {
  return builtInClasses.get(name);
}

export function classOfCode(code: string): ErrorClass | undefined {
  return byCode.get(code);
}

function protoOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
