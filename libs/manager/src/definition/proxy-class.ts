import { inspect } from 'node:util';
import { ConfigurationError } from '../protocol/errors.js';
import { clientMembersOf, type ClientMembers } from './client-class.js';
import type { Handle } from './handle.js';
import { keeping } from './keep.js';
import { development, fromCaller } from './place.js';
import { proxyBrand } from './proxy-brand.js';
import { identityOf, type ObjectToken } from './proxy-identity.js';
import { RESERVED_NAMES } from './reserved-names.js';

/** Told when a proxy value is collected whose handle nobody released. */
export interface CollectedReport {
  (typeid: string, madeAt: Error | undefined): void;
}

const handles = new WeakMap<object, Handle>();

/**
 * The net under `await using`: what is collected is released. The registry holds the handle, never the proxy value, and
 * pending calls hold the target themselves; so a proxy may be collected while its call is under way, and the call ends
 * as if it had not been.
 */
const collected = new FinalizationRegistry<{ handle: Handle; report: CollectedReport }>(({ handle, report }) => {
  const { typeid } = handle.target;
  if (handle.collected() && development) report(typeid, handle.madeAt);
});

/** Base of the proxies of one type. It answers locally whatever runtimes and tools ask of any object. */
class ProxyBase {
  readonly #handle: Handle;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  static handleOf(value: object): Handle | undefined {
    return #handle in value ? value.#handle : handles.get(value);
  }

  get [proxyBrand](): true {
    return true;
  }

  get [Symbol.toStringTag](): string {
    return 'SharedProxy';
  }

  // By `handleOf`, not by the field: `this` may be a lazy proxy around the instance that has it.

  [identityOf](): ObjectToken | undefined {
    return ProxyBase.handleOf(this)?.target.identity();
  }

  // Disposing must never throw: an error here would hide the one that ended the block.
  async [Symbol.asyncDispose](): Promise<void> {
    ProxyBase.handleOf(this)?.release();
  }

  [keeping](owner: object | undefined): void {
    ProxyBase.handleOf(this)?.keep(owner, this);
  }

  toJSON(): unknown {
    return { $shared: ProxyBase.handleOf(this)?.target.typeid };
  }

  [inspect.custom](): string {
    const handle = ProxyBase.handleOf(this);
    return handle ? describeHandle(handle) : 'SharedProxy';
  }
}

Object.defineProperty(ProxyBase, 'name', { value: 'SharedProxy' });

export function describeHandle(handle: Handle): string {
  const { typeid } = handle.target;
  const token = handle.target.identity();
  const what = token ? `#${token.id} at ${token.server}/${token.generation}` : 'not reached yet';
  return `SharedProxy<${typeid}> { ${handle.released ? 'released' : what} }`;
}

/** The handle behind a proxy of this package; undefined for anything else. */
export function handleOf(value: unknown): Handle | undefined {
  return typeof value === 'object' && value !== null ? ProxyBase.handleOf(value) : undefined;
}

/** The same, where nothing else will do. */
export function expectHandle(value: unknown, operation: string): Handle {
  const handle = handleOf(value);
  if (handle) return handle;
  throw new ConfigurationError(`${operation} takes a proxy of a shared object, got ${inspect(value, { depth: 0 })}.`);
}

export type ProxyClass = new (handle: Handle) => object;

/** A class with one method for each exposed one. The server's list is where its shape comes from; `members` go before it. */
export function makeProxyClass(typeid: string, methods: Iterable<string>, members?: ClientMembers): ProxyClass {
  const type = class extends ProxyBase {};
  Object.defineProperty(type, 'name', { value: `SharedProxy<${typeid}>` });
  for (const name of methods) {
    if (RESERVED_NAMES.has(name) || members?.has(name)) continue;
    const method = function (this: object, ...args: unknown[]): Promise<unknown> {
      const handle = handleOf(this);
      if (!handle) return Promise.reject(new TypeError(`${name}() was taken off its proxy of ${typeid}: bind it.`));
      return development ? fromCaller(method, () => handle.call(name, args)) : handle.call(name, args);
    };
    Object.defineProperty(method, 'name', { value: name });
    Object.defineProperty(type.prototype, name, { value: method, writable: true, configurable: true });
  }
  for (const [name, member] of members ?? []) {
    const method = function (this: object, ...args: unknown[]): unknown {
      return runMember(method, member, this, args);
    };
    Object.defineProperty(method, 'name', { value: member.name });
    Object.defineProperty(type.prototype, name, { value: method, writable: true, configurable: true });
  }
  return type;
}

/** In development the calls that it makes come from whoever called it. */
function runMember(
  below: Function,
  member: (...args: unknown[]) => unknown,
  proxy: object,
  args: readonly unknown[],
): unknown {
  return development ? fromCaller(below, () => Reflect.apply(member, proxy, args)) : Reflect.apply(member, proxy, args);
}

/**
 * A proxy whose type may not be known yet: every name that could be a method is one, until the server has told which are.
 * Methods are bound, and the same each time they are asked for.
 */
export function makeLazyProxy(handle: Handle, withMembers = true): object {
  const members = withMembers ? clientMembersOf(handle.target.typeid) : undefined;
  const bound = new Map<string | symbol, (...args: unknown[]) => Promise<unknown>>();
  const base = new ProxyBase(handle);
  const proxy = new Proxy(base, {
    get(target, name, receiver: object) {
      const before = bound.get(name);
      if (before) return before;
      const member = members?.get(name);
      if (member) {
        const run = (...args: unknown[]): unknown => runMember(run, member, receiver, args);
        bound.set(name, run as (...args: unknown[]) => Promise<unknown>);
        return run;
      }
      if (typeof name === 'symbol' || name === 'toJSON') return Reflect.get(target, name, target) as unknown;
      if (RESERVED_NAMES.has(name) || !couldBeMethod(name)) return Reflect.get(Object.prototype, name, target);
      const known = handle.target.methods();
      if (known && !known.has(name)) return undefined;
      const method = (...args: unknown[]): Promise<unknown> =>
        development ? fromCaller(method, () => handle.call(name, args)) : handle.call(name, args);
      bound.set(name, method);
      return method;
    },
    has: (target, name) =>
      Reflect.has(target, name) ||
      members?.has(name) ||
      (typeof name === 'string' && !!handle.target.methods()?.has(name)),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
  });
  handles.set(proxy, handle);
  return proxy;
}

/**
 * Hands the release of a handle to the garbage collector, should its owner forget. `unwatch` takes it back; it costs, so
 * that it is there only for who asks for it.
 */
export function watch(proxy: object, handle: Handle, report: CollectedReport, ends = development): void {
  if (!ends) return collected.register(proxy, { handle, report });
  collected.register(proxy, { handle, report }, handle);
  // The place of its release may refer to the proxy, and must not be held on to for its sake.
  handle.unwatch = () => collected.unregister(handle);
}

function couldBeMethod(name: string): boolean {
  return /^[A-Za-z$][\w$]*$/.test(name) && !Object.hasOwn(Object.prototype, name);
}
