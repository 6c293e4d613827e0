import { EncodingError } from '../protocol/errors.js';
import type { Shared } from './shared-proxy.js';
import { typeidOf, type SharedClass, type TypeToken } from './type-token.js';

const brand = Symbol.for('nestjs-manager.shared-value');

/** What `share()` makes: the server hosts `value`, under `typeid` or else under the type its class is registered as. */
export class SharedValue {
  constructor(
    readonly value: object,
    readonly typeid: string | undefined,
  ) {}

  /** On the prototype: found by every copy of the package, and not part of the value. */
  get [brand](): true {
    return true;
  }
}

/**
 * Marks a value that hosted code returns, so that it is shared and not copied: the caller gets a proxy of it. Instances
 * of registered types need no mark. It may stand anywhere in a result, in an array or an object too.
 *
 * @param type under which registered type the value is shared: its class, a token or its typeid. It decides what is
 * exposed. Default: the type that the value's class is registered as.
 * @throws EncodingError where `value` is not an object.
 *
 * @example
 * ```ts
 * reader(): Shared<Reader> {
 *   return share(this.#store, ReaderType); // applications get a SharedProxy<Reader>
 * }
 * ```
 */
export function share<T extends object>(value: T, type?: string): Shared<T>;
export function share<T extends object>(
  value: NoInfer<T>,
  type: SharedClass<T, never> | TypeToken<T, never>,
): Shared<T>;
export function share(
  value: object,
  type?: string | SharedClass<object, never> | TypeToken<object, never>,
): Shared<object> {
  if (typeof value !== 'object' || value === null) {
    throw new EncodingError(`share() takes an object with methods, got ${value === null ? 'null' : typeof value}.`);
  }
  const shared = new SharedValue(value, type === undefined ? undefined : typeidOf(type));
  return shared as unknown as Shared<object>;
}

/** Whether `value` was made by `share()`. */
export function isSharedValue(value: unknown): value is SharedValue {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}
