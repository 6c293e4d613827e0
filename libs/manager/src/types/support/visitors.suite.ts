import { RESERVED_NAMES, SharedType, type AnyProxy } from '../../definition/index.js';
import type { Manager } from '../../client/index.js';

/** What these tests put into containers. */
@SharedType({ typeid: 'suite.Coin' })
export class Coin {
  readonly #worth: number;

  constructor(worth = 1) {
    this.#worth = worth;
  }

  worth(): number {
    return this.#worth;
  }
}

type AnyMembers = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Hosted code that is handed the proxy of something and uses it. */
@SharedType({ typeid: 'suite.Visitor' })
export class Visitor {
  async call(proxy: AnyProxy, member: string, args: unknown[]): Promise<unknown> {
    return (proxy as unknown as AnyMembers)[member]?.(...args);
  }

  /** What iterating it gives. */
  async all(proxy: AnyProxy): Promise<unknown[]> {
    const items: unknown[] = [];
    for await (const item of proxy as unknown as AsyncIterable<unknown>) items.push(item);
    return items;
  }
}

/** The classes of users that these tests need. */
export const visitorTypes = [Coin, Visitor];

/** The ways in which a proxy is called: by an application, and by hosted code of the same server. */
export const ways = ['an application', 'hosted code'] as const;

/** The same members, called that way. The visitor is one more object of the server, until it is released. */
export async function by<P extends AnyProxy>(way: (typeof ways)[number], manager: Manager, proxy: P): Promise<P> {
  if (way === 'an application') return proxy;
  const visitor = await manager.create(Visitor);
  const members = new Map<PropertyKey, unknown>();
  return new Proxy(proxy, {
    get: (_, name) => {
      if (name === Symbol.asyncIterator) return () => iterate(visitor.all(proxy));
      if (typeof name === 'symbol' || RESERVED_NAMES.has(name)) return undefined;
      if (!members.has(name)) members.set(name, (...args: unknown[]) => visitor.call(proxy, name, args));
      return members.get(name);
    },
  });
}

async function* iterate(items: Promise<unknown[]>): AsyncGenerator {
  for (const item of await items) yield item;
}
