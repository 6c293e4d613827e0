import { types } from 'node:util';
import { isProxy, proxyIdentity } from '../../definition/index.js';

/**
 * Whether two values are the same to the containers: data by its structure, at any depth, and proxies by the object that
 * they stand for. `NaN` is `NaN` and `-0` is `0`, as in a Map; `1` is neither `'1'` nor `1n`. The order of keys, entries and
 * members does not matter; a hole of an array is `undefined`.
 *
 * @example
 * ```ts
 * sameValue({ at: new Date(0), tags: ['a'] }, { tags: ['a'], at: new Date(0) }); // true
 * ```
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a !== a && b !== b;
  return new Comparison().objects(a, b);
}

/** Whether two proxies stand for one object. */
export function sameObject(a: object, b: object): boolean {
  if (a === b) return true;
  const [one, other] = [proxyIdentity(a), proxyIdentity(b)];
  if (!one || !other) return false;
  return one.id === other.id && one.generation === other.generation && one.server === other.server;
}

/**
 * One comparison of two values. Pairs that were met are remembered: a value may contain itself, and one in which the same
 * parts stand at many places is compared part by part, not path by path.
 */
class Comparison {
  readonly #verdicts = new Map<object, Map<object, boolean>>();
  /** The pairs that are taken to be the same, in the order in which they were met. */
  readonly #assumed: [object, object][] = [];

  values(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a !== a && b !== b;
    const known = this.#verdicts.get(a)?.get(b);
    if (known !== undefined) return known;
    const before = this.#assumed.length;
    this.#decide(a, b, true);
    this.#assumed.push([a, b]);
    if (this.objects(a, b)) return true;
    // What was taken to be the same on the strength of this pair may not be. That this pair differs is certain.
    for (const [one, other] of this.#assumed.splice(before)) this.#verdicts.get(one)?.delete(other);
    this.#decide(a, b, false);
    return false;
  }

  objects(a: object, b: object): boolean {
    if (isProxy(a) || isProxy(b)) return sameObject(a, b);
    const kind = kindOf(a);
    if (kind !== kindOf(b)) return false;
    switch (kind) {
      case 'array':
        return this.#arrays(a as unknown[], b as unknown[]);
      case 'map':
        return this.#maps(a as Map<unknown, unknown>, b as Map<unknown, unknown>);
      case 'set':
        return this.#sets(a as Set<unknown>, b as Set<unknown>);
      case 'date':
        return this.values((a as Date).getTime(), (b as Date).getTime());
      case 'regexp':
        return (a as RegExp).source === (b as RegExp).source && (a as RegExp).flags === (b as RegExp).flags;
      case 'boxed':
        return this.values((a as { valueOf(): unknown }).valueOf(), (b as { valueOf(): unknown }).valueOf());
      case 'buffer':
        return sameBytes(new Uint8Array(a as ArrayBuffer), new Uint8Array(b as ArrayBuffer));
      case 'view':
        return this.#views(a as ArrayBufferView, b as ArrayBufferView);
      case 'error':
        return this.#errors(a as Error, b as Error);
      default:
        return this.#fields(a as Record<string, unknown>, b as Record<string, unknown>);
    }
  }

  #decide(a: object, b: object, verdict: boolean): void {
    const verdicts = this.#verdicts.get(a);
    if (verdicts) verdicts.set(b, verdict);
    else this.#verdicts.set(a, new Map([[b, verdict]]));
  }

  #arrays(a: readonly unknown[], b: readonly unknown[]): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!this.values(a[i], b[i])) return false;
    return true;
  }

  #fields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
    const names = Object.keys(a);
    if (names.length !== Object.keys(b).length) return false;
    return names.every((name) => Object.hasOwn(b, name) && this.values(a[name], b[name]));
  }

  #maps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
    if (a.size !== b.size) return false;
    const left: [unknown, unknown][] = [];
    for (const [key, value] of a) {
      if (typeof key === 'object' && key !== null) left.push([key, value]);
      else if (!b.has(key) || !this.values(value, b.get(key))) return false;
    }
    const right = [...b].filter(([key]) => typeof key === 'object' && key !== null);
    return this.#paired(left, right, (one, other) => this.values(one[0], other[0]) && this.values(one[1], other[1]));
  }

  #sets(a: Set<unknown>, b: Set<unknown>): boolean {
    if (a.size !== b.size) return false;
    const left: unknown[] = [];
    for (const member of a) {
      if (typeof member === 'object' && member !== null) left.push(member);
      else if (!b.has(member)) return false;
    }
    const right = [...b].filter((member) => typeof member === 'object' && member !== null);
    return this.#paired(left, right, (one, other) => this.values(one, other));
  }

  /** Whether each of `left` has one of `right` to itself. The first that fits will do: being the same is transitive. */
  #paired<T>(left: readonly T[], right: T[], same: (one: T, other: T) => boolean): boolean {
    if (left.length !== right.length) return false;
    return left.every((one) => {
      const at = right.findIndex((other) => same(one, other));
      if (at >= 0) right.splice(at, 1);
      return at >= 0;
    });
  }

  #views(a: ArrayBufferView, b: ArrayBufferView): boolean {
    const tag = viewTag(a);
    if (tag !== viewTag(b) || a.byteLength !== b.byteLength) return false;
    if (tag === undefined || tag.startsWith('Uint8')) return sameBytes(bytesOf(a), bytesOf(b));
    const [one, other] = [a, b] as unknown as [readonly unknown[], readonly unknown[]];
    // Each an array to `#arrays`: floats have NaN and -0.
    return this.#arrays(one, other);
  }

  #errors(a: Error, b: Error): boolean {
    const parts = (error: Error): unknown[] => [
      error.name,
      error.message,
      error.cause,
      (error as Partial<AggregateError>).errors,
      Object.fromEntries(Object.entries(error)),
    ];
    return this.#arrays(parts(a), parts(b));
  }
}

/** By what an object is, which neither another realm nor a subclass changes. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return 'array';
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  if (types.isDate(value)) return 'date';
  if (ArrayBuffer.isView(value)) return 'view';
  if (types.isAnyArrayBuffer(value)) return 'buffer';
  if (types.isRegExp(value)) return 'regexp';
  if (types.isBoxedPrimitive(value)) return 'boxed';
  if (types.isNativeError(value)) return 'error';
  return 'fields';
}

/** `Uint8Array` for a Buffer, too; undefined for a DataView. */
function viewTag(view: ArrayBufferView): string | undefined {
  return types.isDataView(view) ? undefined : (view as Uint8Array)[Symbol.toStringTag];
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
