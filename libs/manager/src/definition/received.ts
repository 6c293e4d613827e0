import type { AnyFunction, AnyProxy, client, IsAny, SharedProxy } from './shared-proxy.js';
import type { Shared } from './share.js';

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
