/* oxlint-disable typescript/no-explicit-any -- the types below carry an `any` of the user through as `any` */
import type { client } from './client-view.js';
import { isProxy, type AnyProxy, type ProxyOf } from './proxy-brand.js';
import type { ReservedName } from './reserved-names.js';

/** Phantom: what `share()` was given. Never there at run time. */
declare const explicit: unique symbol;

/** A value that is to be handed out as a proxy; made by `share()`. In the types of applications it is a `SharedProxy<T>`. */
export interface Shared<T> {
  readonly [explicit]: T;
}

type AnyFunction = (...args: never[]) => unknown;
type IsAny<T> = 0 extends 1 & T ? true : false;
type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;
type Primitive = string | number | bigint | boolean | symbol | null | undefined | void;
/** Structured clone carries these, though they have methods. A Buffer is a view. */
type Copied = Date | RegExp | Error | ArrayBuffer | SharedArrayBuffer | ArrayBufferView;
type MethodNames<T> = {
  [K in keyof T]-?: K extends string ? (NonNullable<T[K]> extends AnyFunction ? K : never) : never;
}[keyof T];
type IterationName = 'next' | 'return' | 'throw';
/** Nothing but iteration: a class that can be iterated and does other things is an object to be shared. */
type OnlyIterates<T> = [Exclude<MethodNames<T>, IterationName>] extends [never] ? true : false;

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

/** The methods of a shared object as its client class calls them: whatever client view its class declares. */
export type Remote<T> = MappedProxy<T>;

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
 * What arrives in an application when hosted code hands out a `T`: data as it is, and what has methods of its own, or was
 * marked with `share()`, as a `SharedProxy`; at any depth of arrays, objects, Maps, Sets and promises. Iterators of any
 * kind arrive as asynchronous ones.
 *
 * `D` counts levels of containers: TypeScript expands those eagerly, and a recursive type such as JSON would never end.
 * Objects are expanded when they are looked at, and need no bound.
 *
 * @example
 * ```ts
 * type A = Received<Map<string, Magnifier>>; // Map<string, SharedProxy<Magnifier>>
 * type B = Received<Generator<number>>; // AsyncGenerator<number>
 * ```
 */
export type Received<T, D extends 0[] = []> = D['length'] extends 6
  ? T
  : IsAny<T> extends true
    ? any
    : IsUnknown<T> extends true
      ? unknown
      : T extends Primitive | Copied | AnyProxy
        ? T
        : T extends Shared<infer R>
          ? SharedProxy<R>
          : T extends PromiseLike<infer V>
            ? Received<V, [...D, 0]>
            : ReceivedContainer<T, [...D, 0]>;

type ReceivedContainer<T, D extends 0[]> =
  T extends Map<infer K, infer V>
    ? Map<Received<K, D>, Received<V, D>>
    : T extends ReadonlyMap<infer K, infer V>
      ? ReadonlyMap<Received<K, D>, Received<V, D>>
      : T extends Set<infer V>
        ? Set<Received<V, D>>
        : T extends ReadonlySet<infer V>
          ? ReadonlySet<Received<V, D>>
          : T extends readonly unknown[]
            ? { [K in keyof T]: Received<T[K], D> }
            : typeof client extends keyof T
              ? SharedProxy<T>
              : ReceivedIterable<T, D>;

type ReceivedIterable<T, D extends 0[]> = T extends
  Generator<infer Y, infer R, infer N> | AsyncGenerator<infer Y, infer R, infer N>
  ? AsyncGenerator<Received<Y, D>, Received<R, D>, N>
  : T extends IteratorObject<infer Y, infer R, infer N> | AsyncIteratorObject<infer Y, infer R, infer N>
    ? AsyncIterableIterator<Received<Y, D>, Received<R, D>, N>
    : OnlyIterates<T> extends false
      ? ReceivedObject<T>
      : T extends Iterator<infer Y, infer R, infer N> | AsyncIterator<infer Y, infer R, infer N>
        ? AsyncIterableIterator<Received<Y, D>, Received<R, D>, N>
        : T extends Iterable<infer Y> | AsyncIterable<infer Y>
          ? AsyncIterableIterator<Received<Y, D>>
          : ReceivedObject<T>;

type ReceivedObject<T> = T extends AnyFunction
  ? never
  : [MethodNames<T>] extends [never]
    ? { [K in keyof T]: Received<T[K]> }
    : SharedProxy<T>;
