import type { CallOptions } from './handle.js';
import { expectHandle, handleOf, makeLazyProxy, makeProxyClass, type ProxyClass } from './proxy-class.js';
import type { Remote } from './shared-proxy.js';

/** A view keeps the proxy that it was made from: the collector would release the reference otherwise. */
const anchors = new WeakMap<object, object>();
const classes = new WeakMap<ReadonlySet<string>, ProxyClass>();

/**
 * In a client class: the methods of the object in the server, behind those members of the proxy that have the same name.
 *
 * `options` replace what `manager.with` set on the proxy: what has to be said in any case, such as the release of a lock,
 * must not be ended by a signal that was meant for the work before it.
 *
 * @throws ConfigurationError for what is no proxy.
 *
 * @example
 * ```ts
 * class StackMembers {
 *   async drain(): Promise<unknown[]> {
 *     const stack = remote<Stack>(this);
 *     const items = [];
 *     while (await stack.size()) items.push(await stack.pop());
 *     return items;
 *   }
 * }
 * ```
 */
export function remote<T>(proxy: object, options?: CallOptions): Remote<T> {
  const given = expectHandle(proxy, 'remote()');
  const handle = options ? given.later(options) : given;
  const methods = handle.target.methods();
  const view = methods ? new (classOf(handle.target.typeid, methods))(handle) : makeLazyProxy(handle, false);
  anchors.set(view, proxy);
  return view as Remote<T>;
}

/** Whether it is a proxy of this package, and not given back. */
export function isHeld(proxy: object): boolean {
  return handleOf(proxy)?.released === false;
}

function classOf(typeid: string, methods: ReadonlySet<string>): ProxyClass {
  let made = classes.get(methods);
  if (!made) classes.set(methods, (made = makeProxyClass(typeid, methods)));
  return made;
}
