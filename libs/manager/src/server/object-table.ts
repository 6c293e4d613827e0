import type { TypeDefinition } from '../definition/index.js';

/** Who keeps an object alive. The table knows every one; an object without any is freed at once. */
export interface Holder {
  readonly kind: 'session' | 'ticket' | 'name' | 'iterator' | 'object' | 'server';
  /** Ms since 1970. */
  readonly since: number;
  /** What the census says of it, besides kind and since. */
  describe(): Record<string, unknown>;
  /** The object was taken from its holder: its server closes, or it lost its name to another server. */
  onGone?(): void;
}

/** One instance under one typeid. */
export class HostedObject {
  readonly createdAt = Date.now();
  readonly holders = new Set<Holder>();
  /** Calls that run on it, each of which holds it. A counter, because every call would pay for a holder of its own. */
  calls = 0;
  name: string | undefined;
  freed = false;

  constructor(
    readonly id: number,
    readonly type: TypeDefinition,
    readonly instance: object,
  ) {}

  get held(): boolean {
    return this.calls > 0 || this.holders.size > 0;
  }
}

export interface TableEvents {
  /** Somebody let go, and others still hold. */
  letGo?(object: HostedObject): void;
  freed?(object: HostedObject): void;
  /** `onSharedDispose()` threw or rejected. */
  disposeFailed(object: HostedObject, error: unknown): void;
}

/** Every object that the server hosts, and who holds it. */
export class ObjectTable {
  readonly #objects = new Map<number, HostedObject>();
  /** By instance, then by typeid: one instance may be handed out under several, each with its own exposed list. */
  readonly #hosted = new WeakMap<object, Map<string, HostedObject>>();
  readonly #events: TableEvents;
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
    return this.#objects.get(id);
  }

  /** The object of this instance under this type. A new one has no holder yet: the caller holds it, or calls `settle`. */
  host(type: TypeDefinition, instance: object): HostedObject {
    let ids = this.#hosted.get(instance);
    if (!ids) this.#hosted.set(instance, (ids = new Map()));
    let object = ids.get(type.typeid);
    if (!object) {
      object = new HostedObject(++this.#lastId, type, instance);
      ids.set(type.typeid, object);
      this.#objects.set(object.id, object);
    }
    return object;
  }

  hold(object: HostedObject, holder: Holder): void {
    object.holders.add(holder);
  }

  /** Takes a holder off; the last one takes the object with it. Idempotent. */
  drop(object: HostedObject, holder: Holder): void {
    if (object.holders.delete(holder)) this.settle(object);
  }

  enter(object: HostedObject): void {
    object.calls++;
  }

  leave(object: HostedObject): void {
    object.calls--;
    if (object.calls === 0) this.settle(object);
  }

  /** Frees the object if nobody holds it. */
  settle(object: HostedObject): void {
    if (object.freed) return;
    if (object.held) this.#events.letGo?.(object);
    if (!object.held && !object.freed) this.#free(object);
  }

  /** Frees the object whoever holds it: its name was lost, or the server closes. */
  evict(object: HostedObject): void {
    if (object.freed) return;
    for (const holder of [...object.holders]) {
      object.holders.delete(holder);
      holder.onGone?.();
    }
    this.#free(object);
  }

  #free(object: HostedObject): void {
    object.freed = true;
    this.#objects.delete(object.id);
    const ids = this.#hosted.get(object.instance);
    ids?.delete(object.type.typeid);
    this.#events.freed?.(object);
    if (ids && ids.size > 0) return;
    this.#hosted.delete(object.instance);
    this.#dispose(object);
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
