import { inspect } from 'node:util';
import { ConfigurationError } from '../protocol/errors.js';
import { isProxy, type AnyProxy } from './proxy-brand.js';

/** Key of a proxy's method that makes it a holding of an object; found by every copy of the package. */
export const keeping: unique symbol = Symbol.for('nestjs-manager.keep');

/**
 * Keeps a proxy beyond the call that it came with, inside a server. What a method receives, gets in answer or creates lasts
 * for the call; a shared object that stores a proxy keeps it. The object of the proxy is held from then on until the proxy
 * is disposed or collected, or the object that keeps it is freed. Gives back the proxy; in an application, where a proxy
 * lasts until it is released, it does no more.
 *
 * @param owner the shared object that keeps it. Default: the one whose call the proxy came with; in a constructor or a
 * factory, the one that is being made. Name it (`keep(proxy, this)`) for a proxy that came with no call.
 * @throws ProxyReleasedError where the proxy was released, or its call has ended; ConfigurationError for what is no proxy,
 * and where the owner is not known.
 *
 * @example
 * ```ts
 * add(member: SharedProxy<Member>): void {
 *   this.#members.push(keep(member));
 * }
 * ```
 */
export function keep<P extends AnyProxy>(proxy: P, owner?: object): P {
  const method: unknown = isProxy(proxy) ? (proxy as unknown as Record<symbol, unknown>)[keeping] : undefined;
  if (typeof method !== 'function') {
    throw new ConfigurationError(`keep() takes a proxy of a shared object, got ${inspect(proxy, { depth: 0 })}.`);
  }
  Reflect.apply(method, proxy, [owner]);
  return proxy;
}
