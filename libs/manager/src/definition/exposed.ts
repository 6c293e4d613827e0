import { ConfigurationError } from '../protocol/errors.js';
import { RESERVED_NAMES } from './reserved-names.js';

/** The part of a type's options that decides what may be called. */
export interface ExposureOptions {
  /** For messages. */
  typeid?: string;
  exposed?: readonly string[];
}

/**
 * The names that applications may call on instances of `type`, without duplicates: `options.exposed` where it is given,
 * else every method of the prototype, inherited ones included, that is not reserved and does not start with `_`.
 *
 * @throws ConfigurationError where `options.exposed` names something reserved, an accessor, or what is no method.
 */
export function exposedMethods(type: Function, options: ExposureOptions = {}): readonly string[] {
  const kinds = memberKinds(type);
  if (options.exposed === undefined) {
    return [...kinds].filter(([name, kind]) => kind === 'method' && isExposable(name)).map(([name]) => name);
  }
  const of = `type "${options.typeid ?? type.name}"`;
  for (const name of checkNames(options.exposed, 'exposed', of)) {
    if (RESERVED_NAMES.has(name)) {
      throw new ConfigurationError(
        `The ${of} cannot expose "${name}": the name is reserved, a proxy answers it locally.`,
      );
    }
    const kind = kinds.get(name);
    if (kind === 'accessor') {
      throw new ConfigurationError(
        `The ${of} cannot expose "${name}": it is an accessor. Write a method in its place.`,
      );
    }
    if (kind !== 'method') {
      throw new ConfigurationError(
        `The ${of} cannot expose "${name}": ${type.name || 'its class'} has no method of that name. ` +
          'Functions kept in fields are not methods.',
      );
    }
  }
  return [...new Set(options.exposed)];
}

/**
 * The members that may wait for ever, each of which must be exposed.
 *
 * @throws ConfigurationError where one is not.
 */
export function waitingMethods(
  typeid: string,
  exposed: readonly string[],
  waits: readonly string[],
): readonly string[] {
  const of = `type "${typeid}"`;
  for (const name of checkNames(waits, 'waits', of)) {
    if (!exposed.includes(name)) {
      throw new ConfigurationError(`The ${of} names "${name}" in \`waits\`, which is not one of its exposed methods.`);
    }
  }
  return [...new Set(waits)];
}

function isExposable(name: string): boolean {
  return !name.startsWith('_') && !RESERVED_NAMES.has(name);
}

/**
 * What each string-keyed member of the prototype chain is; the nearest owner of a name decides, as it does at a call, so
 * an accessor or a value that hides a base's method takes it away. Descriptors are read and never evaluated: a getter may
 * open a connection, or fail without an instance.
 *
 * Object.prototype is left out by its place, and by name as well (all of its names are reserved): that of another realm,
 * which Jest gives to every class that extends one of Node's, is not the one compared with here.
 */
function memberKinds(type: Function): Map<string, 'method' | 'accessor' | 'value'> {
  const kinds = new Map<string, 'method' | 'accessor' | 'value'>();
  let prototype = type.prototype as object | null | undefined;
  while (prototype && prototype !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (kinds.has(name)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
      const accessor = descriptor.get !== undefined || descriptor.set !== undefined;
      kinds.set(name, accessor ? 'accessor' : typeof descriptor.value === 'function' ? 'method' : 'value');
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return kinds;
}

/** A string in place of a list would be taken letter by letter, and a symbol never reaches the wire. */
function checkNames(names: readonly string[], option: string, of: string): readonly string[] {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new ConfigurationError(`The option \`${option}\` of the ${of} must be an array of names.`);
}
