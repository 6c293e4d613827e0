import type { ProxyClass } from '../definition/index.js';

/** A type as the server described it. */
export interface KnownType {
  readonly typeid: string;
  readonly methods: ReadonlySet<string>;
  readonly waits: ReadonlySet<string>;
  readonly proxyClass: ProxyClass;
}
