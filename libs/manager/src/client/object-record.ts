import type { CallOptions, Handle, ObjectToken, Target, OnLost } from '../definition/index.js';
import { WireReference } from '../protocol/index.js';
import type { KnownType } from './known-type.js';

/** The session that a record's object is held under. */
export interface RecordSession {
  readonly server: string;
  readonly generation: number;
  /** Milliseconds. */
  readonly lease: number;
  /** Why it is over. */
  readonly ended: string | undefined;
  call(
    object: number,
    method: string,
    args: readonly unknown[],
    options: CallOptions,
    record?: ObjectRecord,
    handle?: Handle,
  ): Promise<unknown>;
  /** `fn` runs when the lease is over, or may be. */
  onLost(fn: OnLost): () => void;
  /** Has the collector release what a proxy value leaves. */
  watch(proxy: object, handle: Handle): void;
  /** No handle and no call needs the object any more. */
  giveBack(record: ObjectRecord): void;
}

/**
 * What this application holds of one object: one reference, however many handles stand for it. It is given back when no
 * handle is left and no call needs it, by naming the highest grant seen: a grant under way meanwhile is newer and stays.
 */
export class ObjectRecord implements Target {
  readonly session: RecordSession;
  readonly type: KnownType;
  readonly typeid: string;
  readonly id: number;
  /** The highest grant seen. */
  grant = 0;
  /** The server said that this object is not held any more; it is never asked again. */
  lost = false;
  /** A caller was told that the object is lost: a proxy that rebinds says so once. */
  told = false;
  /** A call that could not leave at once: those made after it leave after it. */
  line: Promise<void> | undefined;
  #handles = 0;
  #pins = 0;

  constructor(session: RecordSession, type: KnownType, id: number) {
    this.session = session;
    this.type = type;
    this.typeid = type.typeid;
    this.id = id;
  }

  /** Whether calls can still reach the object through this record. */
  get gone(): boolean {
    return this.lost || this.session.ended !== undefined;
  }

  identity(): ObjectToken {
    const { server, generation } = this.session;
    return { typeid: this.typeid, server, generation, id: this.id };
  }

  proxy(handle: Handle, watched: boolean): object {
    const proxy = new this.type.proxyClass(handle);
    if (watched) this.session.watch(proxy, handle);
    return proxy;
  }

  mayWait(method: string): boolean {
    return this.type.waits.has(method);
  }

  methods(): ReadonlySet<string> {
    return this.type.methods;
  }

  call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.session.call(this.id, method, args, handle.options, this, handle);
  }

  ticket(ttl: number, uses: number): Promise<string> {
    const reference = new WireReference(this.typeid, this.id, 0);
    this.pin();
    const ticket = this.session.call(0, 'ticket', [reference, ttl, uses], {}) as Promise<string>;
    return ticket.finally(() => this.unpin());
  }

  onLost(fn: OnLost): () => void {
    return this.session.onLost(fn);
  }

  retain(): void {
    this.#handles++;
  }

  release(): void {
    this.#handles--;
    this.#settle();
  }

  /** A call, or an argument of one, needs the object until it is answered. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    this.#settle();
  }

  #settle(): void {
    if (this.#handles === 0 && this.#pins === 0) this.session.giveBack(this);
  }
}
