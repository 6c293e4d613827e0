import { ConfigurationError } from '../protocol/errors.js';
import { registerClientClass, type ClientClass } from './client-class.js';
import { getSharedTypeOptions } from './shared-type.js';
import { checkTypeid } from './typeid.js';

/** A class whose instances can be created remotely, with its constructor's arguments. */
export interface SharedClass<T, A extends unknown[]> {
  new (...args: A): T;
}

/** Phantom: how the type is made. Never there at run time. */
declare const made: unique symbol;

/**
 * A typeid that knows its type and the arguments of its constructor or factory. Accepted wherever a class is, and needed
 * where an application must not, or cannot, import the class. Made by {@link sharedType}.
 */
export interface TypeToken<T, A extends unknown[] = []> {
  readonly typeid: string;
  readonly [made]: (...args: A) => T;
}

/** How a shared type is named in a call: its class, a typed token, or its typeid alone. */
export type TypeRef<T = unknown, A extends unknown[] = never> = SharedClass<T, A> | TypeToken<T, A> | string;

/**
 * Makes a typed token. Nothing is looked up: the server that is asked must have a type of this typeid. `proxy` names its
 * client class, where it has one and the application does not import the shared class itself.
 *
 * @throws ConfigurationError where `typeid` is not 1 to 200 characters without control characters.
 *
 * @example
 * ```ts
 * export const ReportType = sharedType<Report, [id: string]>('Report');
 *
 * const report = await manager.create(ReportType, '2026-11');
 * ```
 */
export function sharedType<T, Args extends unknown[] = []>(
  typeid: string,
  options: { proxy?: () => ClientClass } = {},
): TypeToken<T, Args> {
  if (options.proxy) registerClientClass(checkTypeid(typeid, 'a token made by sharedType()'), options.proxy);
  return Object.freeze({ typeid: checkTypeid(typeid, 'a token made by sharedType()') }) as TypeToken<T, Args>;
}

/**
 * The typeid that a class, a token or a string stands for.
 *
 * @throws ConfigurationError for a class without a `@SharedType()` of its own, and for what is none of the three.
 */
export function typeidOf(ref: TypeRef): string {
  if (typeof ref === 'string') return checkTypeid(ref, 'the type that was asked for');
  if (typeof ref === 'function') {
    const options = getSharedTypeOptions(ref);
    if (options !== undefined) return options.typeid;
    throw new ConfigurationError(undecorated(ref));
  }
  if (typeof ref === 'object' && ref !== null && 'typeid' in ref) return checkTypeid(ref.typeid, 'a type token');
  throw new ConfigurationError(
    `A shared type is named by its class, by a token made with sharedType(), or by its typeid; got ${String(ref)}.`,
  );
}

/** Says what to do about a class that is no shared type, and why a decorated base does not help. */
export function undecorated(type: Function): string {
  const name = type.name || '(anonymous)';
  const base: unknown = Object.getPrototypeOf(type);
  const inherited = typeof base === 'function' ? getSharedTypeOptions(base) : undefined;
  return (
    `The class ${name} is not a shared type: add \`@SharedType()\` to it, or use a token made with sharedType().` +
    (inherited ? ` The decorator of its base, "${inherited.typeid}", is not inherited.` : '')
  );
}
