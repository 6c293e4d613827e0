import { ManagerError } from '../protocol/errors.js';
import { clientMembersOf, type ClientClass } from './client-class.js';
import type { Handle } from './handle.js';
import { IteratorReader } from './iterator-reader.js';
import { handleOf, makeLazyProxy as makeUnknownProxy, makeProxyClass, type ProxyClass } from './proxy-class.js';

/** The typeid of the iterators that results carry. */
export const ITERATOR = 'Iterator';

type Member = 'next' | 'return' | 'throw';

/** What the views of one reference to an iterator have in common. */
interface Use {
  reader?: IteratorReader;
  /** It gave its last item, or failed. */
  over?: boolean;
}

/** Weakly, since the collector's net under a proxy has hold of the handle, and a reader has hold of the proxy. */
const uses = new WeakMap<Handle, WeakRef<Use>>();

/**
 * The proxy of an iterator. `for await` reads it ahead, in batches; `next`, `return` and `throw` go to the producer one at a
 * time, with what they bring. When it ends its reference is released by itself.
 */
class IteratorProxy extends makeProxyClass(ITERATOR, []) {
  #use: Use | undefined;

  static useOf(proxy: object): { handle: Handle; use: Use } {
    const handle = handleOf(proxy);
    if (!handle || !(#use in proxy)) throw new TypeError('A member of an iterator was taken off its proxy: bind it.');
    return { handle, use: (proxy.#use ??= shared(handle.root)) };
  }

  next(...args: [] | [unknown]): Promise<IteratorResult<unknown>> {
    return step(this, 'next', args);
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return step(this, 'return', [value]);
  }

  throw(error?: unknown): Promise<IteratorResult<unknown>> {
    return step(this, 'throw', [error]);
  }

  [Symbol.asyncIterator](): IteratorReader {
    const { handle, use } = IteratorProxy.useOf(this);
    return (use.reader ??= new IteratorReader(handle, [this, use]));
  }
}

Object.defineProperty(IteratorProxy, 'name', { value: `SharedProxy<${ITERATOR}>` });

/** The class of the proxies of a type. Where the type does not say, its client class is what this process knows of it. */
export function proxyClassOf(typeid: string, methods: Iterable<string>, proxy?: () => ClientClass): ProxyClass {
  if (typeid === ITERATOR) return IteratorProxy;
  return makeProxyClass(typeid, methods, clientMembersOf(typeid, proxy));
}

/** A proxy whose type may not be known yet. That of iterators goes by its name. */
export function makeLazyProxy(handle: Handle): object {
  return handle.target.typeid === ITERATOR ? new IteratorProxy(handle) : makeUnknownProxy(handle);
}

function shared(root: Handle): Use {
  let use = uses.get(root)?.deref();
  if (!use) uses.set(root, new WeakRef((use = {})));
  return use;
}

async function step(proxy: object, member: Member, args: readonly unknown[]): Promise<IteratorResult<unknown>> {
  const { handle, use } = IteratorProxy.useOf(proxy);
  const { reader } = use;
  if (reader) return member === 'next' ? reader.next(...(args as [unknown])) : reader[member](args[0]);
  if (use.over) {
    if (member === 'throw') throw args[0];
    return { done: true, value: member === 'return' ? args[0] : undefined };
  }
  try {
    const result = (await handle.call(member, args)) as IteratorResult<unknown>;
    if (result.done) end(handle, use);
    return result;
  } catch (error) {
    // It was the producer that failed, and it is over; what else can happen says so by another fate.
    if (!(error instanceof ManagerError) || error.fate === 'executed') end(handle, use);
    throw error;
  }
}

function end(handle: Handle, use: Use): void {
  use.over = true;
  handle.done();
}
