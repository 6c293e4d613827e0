import type { Received } from './received.js';
import type { ReservedName } from './reserved-names.js';

/** Phantom: the type of the object that a proxy stands for. Never there at run time. */
declare const target: unique symbol;

/** Marks a proxy at run time, in whichever copy of the package it was made: `proxy[proxyBrand] === true`. */
export const proxyBrand: unique symbol = Symbol.for('nestjs-manager.proxy');

/**
 * Key under which a class declares its client view: what applications see instead of the view that `SharedProxy<T>` makes.
 * Needed where a mapped type loses something: overloads, type parameters of methods or of the class, iteration, members
 * that run in the application. It is a declaration only and leaves nothing behind at run time.
 *
 * @example
 * ```ts
 * interface StackClient<T> {
 *   push(item: T): Promise<number>;
 *   pop(): Promise<T | undefined>;
 * }
 *
 * @SharedType()
 * class Stack<T> {
 *   declare readonly [client]?: StackClient<T>;
 *   push(item: T): number { ... }
 *   pop(): T | undefined { ... }
 * }
 *
 * const jobs = await manager.create(Stack<Job>); // SharedProxy<Stack<Job>>: StackClient<Job>
 * ```
 */
export const client: unique symbol = Symbol.for('nestjs-manager.client');

/** A proxy of a `T`, whatever its members: what functions that take or give back proxies are written with. */
export interface ProxyOf<T> extends AsyncDisposable {
  readonly [target]: T;
}

/** A proxy of anything. */
export interface AnyProxy extends AsyncDisposable {
  readonly [target]: unknown;
}

/** A class whose instances can be created remotely, with its constructor's arguments. */
export interface SharedClass<T, A extends unknown[]> {
  new (...args: A): T;
}

export type AnyFunction = (...args: never[]) => unknown;
export type IsAny<T> = 0 extends 1 & T ? true : false;

type RemoteMethod<F> = F extends (...args: infer A) => infer R ? (...args: A) => Promise<Received<Awaited<R>>> : never;

type MappedProxy<T> = {
  readonly [
    K in keyof T as K extends ReservedName | `_${string}`
      ? never
      : NonNullable<T[K]> extends AnyFunction
        ? K extends string
          ? K
          : never
        : never
  ]: RemoteMethod<NonNullable<T[K]>>;
} & ProxyOf<T>;

/**
 * Typed stand-in for a shared object of class `T`: each public method of `T`, returning a Promise of what the object's
 * method gives, and `Symbol.asyncDispose`. Fields, accessors, reserved names and names beginning with `_` are not there.
 *
 * Results are turned as they travel: data arrives as a copy, and whatever has methods of its own as a `SharedProxy` in
 * its turn ({@link Received}). A parameter that takes a shared object is declared `SharedProxy<R>` by the method itself.
 *
 * Types cannot see the `exposed` option; narrow with `SharedProxy<Pick<T, 'increment' | 'value'>>`. A class that declares
 * {@link client} is seen as it says.
 *
 * It is a class value at run time too, so that decorator metadata can name it and `x instanceof SharedProxy` works. It
 * cannot be constructed: proxies come from a manager.
 *
 * @example
 * ```ts
 * constructor(@InjectShared(VisitCounter, 'visits') private readonly visits: SharedProxy<VisitCounter>) {}
 *
 * async hit(): Promise<number> {
 *   return this.visits.increment();
 * }
 * ```
 */
export type SharedProxy<T> =
  IsAny<T> extends true
    ? any
    : T extends AnyProxy // a proxy of a proxy is the proxy
      ? T
      : T extends { readonly [client]?: infer C }
        ? typeof client extends keyof T
          ? NonNullable<C> & ProxyOf<T>
          : MappedProxy<T>
        : MappedProxy<T>;

export const SharedProxy: abstract new (never: never) => object = class SharedProxy {
  constructor() {
    throw new TypeError('A SharedProxy cannot be constructed: ask a manager for one, with create() or get().');
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return isProxy(value);
  }
};

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
