import { PayloadTooLargeError } from './errors.js';
import { describeError } from './error-structure.js';
import { Extension, ExtensionType, HOLE, tag } from './extensions.js';
import { isFlat } from './flat.js';
import { prepareGraph } from './graph.js';
import { Kind, isBuiltIn, kindOf } from './kinds.js';
import { iterates } from './iterates.js';
import { prepareLeaf } from './leaves.js';
import { Path } from './path.js';
import { assignOwn } from './own.js';
import { isOrdinary, isWellFormed, preparePrimitive } from './primitives.js';
import { refusal } from './refusal.js';
import { Seen } from './seen.js';
import { WireReference, type ReferenceScope } from './reference.js';

export interface ValueLimits {
  /** Levels of nesting. */
  depth: number;
  /** What could not fit in as many bytes is refused before memory is spent on it. */
  messageBytes?: number;
}

/**
 * Checks that a value can be carried, and returns what `encodeMessage` may write for it.
 *
 * Copy-on-write: a value without anything special comes back as it is, so it must be encoded before it is changed. Shared
 * things go through `scope`, each distinct one once; without a scope there are none. Accessors of plain objects are read
 * here and again by the encoder: they are expected to give the same answer twice. Arrays keep holes, not named properties.
 *
 * @param root what the value is called in the path of an error, as `args` in `args[0].items[2]`
 * @throws EncodingError for a function, a symbol, or an object with behaviour of its own
 * @throws PayloadTooLargeError for a value nested too deep, or too large for any message
 */
export function prepareValue(
  value: unknown,
  scope: ReferenceScope | undefined,
  limits: Readonly<ValueLimits>,
  root = 'value',
): unknown {
  if (typeof value !== 'object' || value === null) return preparePrimitive(value, () => root);
  // The arguments of most calls. Nothing is allocated for them.
  if (Array.isArray(value) && isFlat(value)) return value;
  return new Preparation(scope, limits, root).run(value);
}

/** One walk over one value. */
class Preparation {
  private readonly path: Path;
  private readonly seen = new Seen();
  /** What the scope said of each object it was asked about; asking grants, so it must not happen twice. */
  private answers: Map<object, Extension | null> | undefined;
  private repeated = false;

  constructor(
    private readonly scope: ReferenceScope | undefined,
    private readonly limits: Readonly<ValueLimits>,
    root: string,
  ) {
    this.path = new Path(root);
  }

  run(value: object): unknown {
    try {
      const tree = this.object(value, 1);
      // Only a value in which some object was met twice pays for the form that says so.
      return this.repeated ? prepareGraph(value, (part) => this.leaf(part)) : tree;
    } catch (error) {
      if (isStackOverflow(error)) throw new PayloadTooLargeError(`${this.path.root} is nested too deep`);
      throw error;
    }
  }

  /** `depth` is the level at which the object stands; the path to it is complete up to there. */
  private object(value: object, depth: number): unknown {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype) {
      // To who shares no iterators it would silently be an empty object.
      if (iterates(value)) return this.reference(value, prototype) ?? this.refuse(value, depth);
      if (this.isRepeat(value)) return value;
      // msgpackr goes by `constructor`, which may be an own property here.
      return this.plain(value, depth, value.constructor === Object ? undefined : {});
    }
    if (prototype === Array.prototype && Array.isArray(value)) {
      return this.isRepeat(value) ? value : this.array(value, depth, undefined);
    }
    if (value instanceof Extension) return value;
    const reference = this.reference(value, prototype);
    if (reference !== undefined) return reference;
    if (this.isRepeat(value)) return value;
    switch (kindOf(value, prototype)) {
      case Kind.plain:
        if (prototype === null && iterates(value)) this.refuse(value, depth);
        return this.plain(value, depth, {});
      case Kind.array:
        return this.array(value as unknown[], depth, []);
      case Kind.map:
        return this.map(value as Map<unknown, unknown>, depth);
      case Kind.set:
        return this.set(value as Set<unknown>, depth);
      case Kind.error:
        return this.error(value, depth);
      case Kind.leaf:
        return this.bounded(
          prepareLeaf(value, () => this.path.upTo(depth)),
          depth,
        );
      default:
        return this.refuse(value, depth);
    }
  }

  private refuse(value: object, depth: number): never {
    throw refusal(value, this.path.upTo(depth));
  }

  private plain(value: object, depth: number, start: object | undefined): unknown {
    this.enter(depth);
    const source = value as Record<string, unknown>;
    const keys = Object.keys(source);
    let copy = start as Record<string, unknown> | undefined;
    let odd = false;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (!isWellFormed(key)) odd = true;
      const item = source[key];
      let prepared = item;
      if (!this.isInline(item)) {
        prepared = this.item(item, key, depth);
        if (prepared !== item) copy ??= { ...source };
      }
      if (copy !== undefined) assignOwn(copy, key, prepared);
    }
    if (odd)
      return tag(
        ExtensionType.entries,
        keys.flatMap((key) => [preparePrimitive(key, () => ''), (copy ?? source)[key]]),
      );
    return copy ?? value;
  }

  private array(value: readonly unknown[], depth: number, start: unknown[] | undefined): unknown {
    this.enter(depth);
    const length = value.length;
    if (length > (this.limits.messageBytes ?? Infinity)) throw this.tooLarge(`an array of ${length} items`, depth);
    let copy = start;
    for (let i = 0; i < length; i++) {
      const item = value[i];
      let prepared: unknown = item;
      if (item === undefined ? !(i in value) : !this.isInline(item)) {
        prepared = item === undefined ? HOLE : this.item(item, i, depth);
        if (prepared !== item && copy === undefined) {
          copy = [];
          for (let j = 0; j < i; j++) copy.push(value[j]);
        }
      }
      if (copy !== undefined) copy.push(prepared);
    }
    return copy ?? value;
  }

  private map(value: Map<unknown, unknown>, depth: number): unknown {
    this.enter(depth);
    const content: unknown[] = [];
    for (const [key, item] of Map.prototype.entries.call(value) as IterableIterator<[unknown, unknown]>) {
      const step = { map: content.length / 2, key };
      content.push(this.isInline(key) ? key : this.item(key, { keys: content.length / 2 }, depth));
      content.push(this.isInline(item) ? item : this.item(item, step, depth));
    }
    return tag(ExtensionType.map, content);
  }

  private set(value: Set<unknown>, depth: number): unknown {
    this.enter(depth);
    const content: unknown[] = [];
    for (const item of Set.prototype.values.call(value) as IterableIterator<unknown>) {
      content.push(this.isInline(item) ? item : this.item(item, { values: content.length }, depth));
    }
    return tag(ExtensionType.set, content);
  }

  /** References are not looked for in errors: a field that is dropped could not give back what was granted for it. */
  private error(value: object, depth: number): Extension {
    this.enter(depth);
    const limits = { ...this.limits, depth: this.limits.depth - depth };
    const carry = (part: unknown): unknown => prepareValue(part, undefined, limits, 'field');
    return tag(ExtensionType.error, describeError(value as Error, carry));
  }

  private isInline(item: unknown): boolean {
    if (typeof item === 'string' && this.limits.messageBytes !== undefined && item.length > this.limits.messageBytes)
      return false;
    return isOrdinary(item);
  }

  private item(item: unknown, step: Parameters<Path['set']>[1], depth: number): unknown {
    this.path.set(depth, step);
    if (typeof item === 'object' && item !== null) return this.object(item, depth + 1);
    if (typeof item === 'string' && item.length > (this.limits.messageBytes ?? Infinity)) {
      throw this.tooLarge(`a string of ${item.length} characters`, depth + 1);
    }
    return preparePrimitive(item, () => this.path.upTo(depth + 1));
  }

  private reference(value: object, prototype: object | null): Extension | undefined {
    const plain = prototype === null || prototype === Object.prototype;
    if (plain ? !iterates(value) : isBuiltIn(prototype)) return undefined;
    const known = this.answers?.get(value);
    if (known !== undefined) return known ?? undefined;
    const answer = value instanceof WireReference ? value : this.scope?.toWire(value);
    const reference = answer === undefined ? null : tag(ExtensionType.reference, referenceContent(answer));
    (this.answers ??= new Map()).set(value, reference);
    return reference ?? undefined;
  }

  /** For the graph: what stands for an object without being taken apart, or undefined. */
  private leaf(value: object): Extension | undefined {
    if (value instanceof Extension) return value;
    const prototype = Object.getPrototypeOf(value) as object | null;
    const reference = this.reference(value, prototype);
    if (reference !== undefined) return reference;
    const kind = kindOf(value, prototype);
    if (kind === Kind.leaf) return prepareLeaf(value, () => this.path.root);
    if (kind === Kind.error) return this.error(value, 1);
    if (kind === Kind.other) throw refusal(value, this.path.root);
    return undefined;
  }

  private isRepeat(value: object): boolean {
    if (!this.seen.addIsRepeat(value)) return false;
    this.repeated = true;
    return true;
  }

  private enter(depth: number): void {
    if (depth > this.limits.depth) {
      throw new PayloadTooLargeError(
        `${this.path.root} is nested deeper than ${this.limits.depth} levels, at ${this.path.upTo(Math.min(depth, 8))}…`,
      );
    }
  }

  private bounded(leaf: Extension, depth: number): Extension {
    const bytes = leaf.bytes?.length ?? 0;
    if (bytes > (this.limits.messageBytes ?? Infinity)) throw this.tooLarge(`${bytes} bytes`, depth);
    return leaf;
  }

  private tooLarge(what: string, depth: number): PayloadTooLargeError {
    return new PayloadTooLargeError(
      `${this.path.upTo(depth)} is ${what}, and a message has at most ${this.limits.messageBytes} bytes`,
    );
  }
}

export function isStackOverflow(error: unknown): boolean {
  return (
    (error as { name?: unknown } | null)?.name === 'RangeError' &&
    String((error as Error).message).includes('call stack')
  );
}

function referenceContent({ typeid, id, grant, ticket }: WireReference): unknown[] {
  return ticket === undefined ? [typeid, id, grant] : [typeid, id, grant, ticket];
}
