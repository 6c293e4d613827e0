import { isProxy } from './proxy-brand.js';

/** Which object a proxy stands for. */
export interface ObjectToken {
  typeid: string;
  server: string;
  generation: number;
  id: number;
}

/** Key of a proxy's method that tells its token; found by every copy of the package. */
export const identityOf: unique symbol = Symbol.for('nestjs-manager.identity');

/** The object that a proxy stands for; undefined for what is no proxy, and for one that has not reached its object yet. */
export function proxyIdentity(value: unknown): ObjectToken | undefined {
  if (!isProxy(value)) return undefined;
  const tell: unknown = (value as unknown as Record<symbol, unknown>)[identityOf];
  return typeof tell === 'function' ? (Reflect.apply(tell, value, []) as ObjectToken | undefined) : undefined;
}
