/** Phantom: the type of the object that a proxy stands for. Never there at run time. */
declare const target: unique symbol;

/** Marks a proxy at run time, in whichever copy of the package it was made: `proxy[proxyBrand] === true`. */
export const proxyBrand: unique symbol = Symbol.for('nestjs-manager.proxy');

/** A proxy of a `T`, whatever its members: what functions that take or give back proxies are written with. */
export interface ProxyOf<T> extends AsyncDisposable {
  readonly [target]: T;
}

/** A proxy of anything. */
export interface AnyProxy extends AsyncDisposable {
  readonly [target]: unknown;
}

/**
 * Whether `value` is a proxy of a shared object, made by any manager or server in this process. Asks nobody and calls
 * nothing.
 *
 * @example
 * ```ts
 * if (isProxy(value)) await manager.release(value);
 * ```
 */
export function isProxy(value: unknown): value is AnyProxy {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[proxyBrand] === true;
}
