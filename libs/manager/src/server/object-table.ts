import type { TypeDefinition } from '../definition/index.js';

/** Who keeps an object alive. The table knows every one; an object without any is freed at once. */
export interface Holder {
  readonly kind: 'session' | 'ticket' | 'name' | 'call' | 'iterator' | 'object' | 'server';
  /** Ms since 1970. */
  readonly since: number;
  /** The instance on whose account it holds: an edge of the graph in which cycles are looked for. */
  readonly owner?: Hosting | undefined;
  /** It holds only what others hold: a name that keeps its object while somebody refers to it. */
  readonly weak?: boolean;
  /** What the census says of it, besides kind and since. */
  describe(): Record<string, unknown>;
  /** The object was taken from its holder: its server closes, it lost its name to another server, or was in a dead cycle. */
  onGone?(): void;
}

/** What an instance keeps. */
export interface Kept {
  /** The object, where this server hosts it. */
  readonly object?: HostedObject;
  /** Its owner is freed. */
  end(): void;
}

/** One instance that is hosted, under one typeid or several. What it keeps, it keeps for as long as one of them lives. */
export class Hosting {
  readonly instance: object;
  readonly objects: HostedObject[] = [];
  /** The search for cycles that has met it, and under which number there. */
  search = 0;
  place = 0;
  #kept: Set<Kept> | undefined;

  constructor(instance: object) {
    this.instance = instance;
  }

  get kept(): ReadonlySet<Kept> {
    return this.#kept ?? NOTHING;
  }

  keep(kept: Kept): void {
    (this.#kept ??= new Set()).add(kept);
  }

  letGo(kept: Kept): void {
    this.#kept?.delete(kept);
  }
}

const NOTHING: ReadonlySet<Kept> = new Set();
/** Steps of burying, of about a microsecond each, between two pauses. */
const BURIED = 16;

/** One instance under one typeid. */
export class HostedObject {
  readonly createdAt = Date.now();
  readonly holders = new Set<Holder>();
  /** Of the holders, those that are no roots: they have an owner, or are weak. */
  owned = 0;
  /** Calls under way on it, each of which holds it. A counter, because every call would pay for a holder of its own. */
  calls = 0;
  name: string | undefined;
  freed = false;
  /** The search for cycles that has met it; 0 as soon as anything about its holders changed since. */
  search = 0;

  constructor(
    readonly id: number,
    readonly type: TypeDefinition,
    readonly hosting: Hosting,
  ) {}

  get instance(): object {
    return this.hosting.instance;
  }

  get held(): boolean {
    return this.calls > 0 || this.holders.size > 0;
  }

  /** Whether somebody holds it who is no object himself. */
  get rooted(): boolean {
    return this.calls > 0 || this.holders.size > this.owned;
  }

  /** A call is under way on it. */
  enter(): void {
    this.calls++;
    this.search = 0;
  }
}

export interface TableEvents {
  /** Somebody let go, and others still hold. */
  letGo?(object: HostedObject): void;
  /** The same, and those others are all objects: it may be part of a cycle that nobody else holds. */
  unrooted?(object: HostedObject): void;
  freed?(object: HostedObject): void;
  /** `onSharedDispose()` threw or rejected. */
  disposeFailed(object: HostedObject, error: unknown): void;
}

/** Whether it keeps its object alive by itself. */
function isRoot(holder: Holder): boolean {
  return holder.owner === undefined && !holder.weak;
}

/** Every object that the server hosts, and who holds it. */
export class ObjectTable {
  readonly #objects = new Map<number, HostedObject>();
  readonly #hosted = new WeakMap<object, Hosting>();
  /** What instances are to keep that are not hosted yet: they are being made. */
  readonly #awaiting = new WeakMap<object, ((hosting: Hosting) => void)[]>();
  readonly #events: TableEvents;
  /** Instances that are freed and not yet disposed of: a chain of objects goes without recursion. */
  #over: HostedObject[] | undefined;
  #lastId = 0;

  constructor(events: TableEvents) {
    this.#events = events;
  }

  get size(): number {
    return this.#objects.size;
  }

  objects(): IterableIterator<HostedObject> {
    return this.#objects.values();
  }

  find(id: number): HostedObject | undefined {
    const object = this.#objects.get(id);
    return object?.freed ? undefined : object;
  }

  /** The object of this instance under this type. A new one has no holder yet: the caller holds it, or calls `settle`. */
  host(type: TypeDefinition, instance: object): HostedObject {
    let hosting = this.#hostingOf(instance);
    if (!hosting) this.#hosted.set(instance, (hosting = new Hosting(instance)));
    for (const object of hosting.objects) if (object.type === type) return object;
    // A search must not judge the instance by these alone.
    for (const object of hosting.objects) object.search = 0;
    const object = new HostedObject(++this.#lastId, type, hosting);
    hosting.objects.push(object);
    this.#objects.set(object.id, object);
    if (hosting.objects.length === 1) this.#hostedNow(hosting);
    return object;
  }

  /** Tells `then` how the instance is hosted, as soon as it is. */
  whenHosted(instance: object, then: (hosting: Hosting) => void): void {
    const hosting = this.#hostingOf(instance);
    if (hosting) return then(hosting);
    const waiting = this.#awaiting.get(instance);
    if (waiting) waiting.push(then);
    else this.#awaiting.set(instance, [then]);
  }

  hold(object: HostedObject, holder: Holder): void {
    object.holders.add(holder);
    object.search = 0;
    if (!isRoot(holder)) object.owned++;
  }

  /** Takes a holder off; the last one takes the object with it. Idempotent. */
  drop(object: HostedObject, holder: Holder): void {
    if (!object.holders.delete(holder)) return;
    object.search = 0;
    if (!isRoot(holder)) object.owned--;
    this.settle(object);
  }

  /** `change` makes the holder hold on another account. */
  transfer(object: HostedObject, holder: Holder, change: () => void): void {
    const root = isRoot(holder);
    change();
    object.search = 0;
    object.owned += Number(root) - Number(isRoot(holder));
    this.settle(object);
  }

  /** `change` makes the holder weak. */
  weaken(object: HostedObject, change: () => void): void {
    change();
    object.search = 0;
    object.owned++;
    if (!object.rooted) this.#events.unrooted?.(object);
  }

  leave(object: HostedObject): void {
    object.calls--;
    object.search = 0;
    if (object.calls === 0) this.settle(object);
  }

  /** Frees the object if nobody holds it. */
  settle(object: HostedObject): void {
    if (object.freed) return;
    if (object.held) this.#events.letGo?.(object);
    if (object.freed) return;
    if (!object.held) this.#free(object);
    else if (!object.rooted) this.#events.unrooted?.(object);
  }

  /** Frees the object whoever holds it: its name was lost, only a dead cycle holds it, or the server closes. */
  evict(object: HostedObject): void {
    if (object.freed) return;
    for (const holder of [...object.holders]) {
      object.holders.delete(holder);
      if (!isRoot(holder)) object.owned--;
      holder.onGone?.();
    }
    if (!object.freed) this.#free(object);
  }

  /** Frees objects that nobody can reach any more: from here on every call on them fails. `bury` sees to the rest. */
  condemn(objects: readonly HostedObject[]): void {
    for (const object of objects) object.freed = true;
  }

  /** What the end of condemned objects entails, with pauses: they may be very many, or hold very many. */
  *bury(objects: readonly HostedObject[]): Generator<void> {
    let steps = 0;
    for (const object of objects) {
      for (const holder of object.holders) {
        if (++steps % BURIED === 0) yield;
        object.holders.delete(holder);
        if (!isRoot(holder)) object.owned--;
        holder.onGone?.();
      }
    }
    for (const object of objects) {
      if (++steps % BURIED === 0) yield;
      if (!this.#remove(object)) continue;
      this.#dispose(object);
      for (const kept of object.hosting.kept) {
        if (++steps % BURIED === 0) yield;
        kept.end();
      }
    }
  }

  /** None for an instance that was condemned: it is hosted anew if it comes back. */
  #hostingOf(instance: object): Hosting | undefined {
    const hosting = this.#hosted.get(instance);
    return hosting?.objects[0]?.freed ? undefined : hosting;
  }

  #hostedNow(hosting: Hosting): void {
    const waiting = this.#awaiting.get(hosting.instance);
    if (!waiting) return;
    this.#awaiting.delete(hosting.instance);
    for (const then of waiting) then(hosting);
  }

  /** Answers whether its instance went with it. */
  #remove(object: HostedObject): boolean {
    object.freed = true;
    object.search = 0;
    this.#objects.delete(object.id);
    const { hosting } = object;
    hosting.objects.splice(hosting.objects.indexOf(object), 1);
    this.#events.freed?.(object);
    // The instance may be left to a cycle that holds it under another id.
    for (const other of [...hosting.objects]) if (!other.freed && !other.rooted) this.#events.unrooted?.(other);
    if (hosting.objects.length > 0) return false;
    if (this.#hosted.get(hosting.instance) === hosting) this.#hosted.delete(hosting.instance);
    return true;
  }

  #free(object: HostedObject): void {
    if (!this.#remove(object)) return;
    if (this.#over) {
      this.#over.push(object);
      return;
    }
    this.#over = [object];
    try {
      // The list grows while it is worked off: by what each lets go.
      for (let i = 0; i < this.#over.length; i++) {
        const over = this.#over[i] as HostedObject;
        this.#dispose(over);
        for (const kept of [...over.hosting.kept]) kept.end();
      }
    } finally {
      this.#over = undefined;
    }
  }

  #dispose(object: HostedObject): void {
    const failed = (error: unknown): void => this.#events.disposeFailed(object, error);
    try {
      const dispose = (object.instance as { onSharedDispose?: unknown }).onSharedDispose;
      if (typeof dispose !== 'function') return;
      const result: unknown = Reflect.apply(dispose, object.instance, []);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
