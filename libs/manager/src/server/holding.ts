import {
  development,
  Handle,
  lineOf,
  settleLater,
  type ObjectToken,
  type OnLost,
  type Target,
} from '../definition/index.js';
import { ConfigurationError, ObjectLostError, ProxyReleasedError } from '../protocol/index.js';
import type { HolderDebugInfo } from '../protocol/index.js';
import type { Call, Loan } from './call.js';
import type { Holder, HostedObject, Hosting, Kept, ObjectTable } from './object-table.js';

/** What holdings need of their server. */
export interface HoldingHost {
  readonly table: ObjectTable;
  identity(): { name: string; generation: number };
  /** The call that runs now, where that is known. */
  current(): Call | undefined;
  /** Calls a method of a hosted object; `from` is the call that it is part of. */
  call(object: HostedObject, handle: Handle, method: string, args: readonly unknown[], from?: Call): Promise<unknown>;
  ticket(object: HostedObject, ttl: number, uses: number): Promise<string>;
  /** A proxy value of the object's type. */
  proxyOf(object: HostedObject, handle: Handle): object;
  /** Has the collector release what a proxy value leaves, and says so in development if `report`. */
  watch(proxy: object, handle: Handle, report: boolean): void;
  /** `fn` runs when the session of a call ends; without a call, when the server does. */
  onSessionEnd(call: Call | undefined, fn: OnLost): () => void;
  /** The call that the body of an iterator runs for; undefined where the instance is no iterator. */
  bodyOf(hosting: Hosting): Call | undefined;
}

/** How a holding ended, for those who use its proxy afterwards. */
type End = 'released' | 'call' | 'freed';

/**
 * What a hosted proxy stands for, and on whose account it holds: lent to a call, kept by an instance, or held by code of
 * the server that is no part of any call.
 */
export abstract class Holding implements Target, Loan, Kept {
  readonly since = Date.now();
  abstract readonly typeid: string;
  readonly host: HoldingHost;
  #call: Call | undefined;
  #owner: Hosting | undefined;
  #handles = 0;
  #ended: End | undefined;
  /** Its last handle was released; it is still there for the end of the turn, or of the call. */
  #leaving = false;
  #watched = false;
  /** Its proxy's, which the collector releases if nobody else does. */
  #watcher: Handle | undefined;
  /** Where it was kept, in development. */
  #keptAt: Error | undefined;

  constructor(host: HoldingHost, call: Call | undefined) {
    this.host = host;
    this.#owner = call?.keeper;
    this.#call = this.#owner ? undefined : call;
    this.#owner?.keep(this);
    this.#call?.borrow(this);
  }

  /** The instance that keeps it. */
  get owner(): Hosting | undefined {
    return this.#owner;
  }

  /** The call that it is lent to, or the body of the iterator that keeps it: calls made with it are part of that one. */
  get borrower(): Call | undefined {
    return this.#call ?? (this.#owner && this.host.bodyOf(this.#owner));
  }

  get over(): boolean {
    return this.#ended !== undefined;
  }

  abstract identity(): ObjectToken | undefined;
  abstract methods(): ReadonlySet<string> | undefined;
  abstract ticket(ttl: number, uses: number): Promise<string>;
  abstract onLost(fn: OnLost): () => void;
  abstract another(): Target;
  abstract proxy(handle: Handle, watched: boolean): object;
  protected abstract invoke(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown>;
  /** The object is let go. */
  protected abstract drop(): void;
  /** It holds on another account after `change`. */
  protected abstract transfer(change: () => void): void;

  call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.over) return Promise.reject(this.endedError(`call ${method}()`));
    return this.invoke(handle, method, args);
  }

  retain(): void {
    this.#handles++;
  }

  /**
   * A kept proxy that is disposed while a call runs is held by that call until its answer is queued, since it may be what
   * the call returns. Where the call is not known, that is until the end of the turn, in which the result is looked at.
   */
  release(): void {
    if (--this.#handles > 0 || this.#ended) return;
    this.#leaving = true;
    const call = this.#owner && (this.host.current() ?? this.host.bodyOf(this.#owner));
    if (call && !call.ended) this.#move(undefined, call);
    else {
      // By way of a microtask: in a timer's callback a tick alone comes before the promises that the callback settled.
      queueMicrotask(() => {
        process.nextTick(() => {
          if (this.#leaving) this.#end('released');
        });
      });
    }
  }

  keep(owner: object | undefined, proxy: object, handle: Handle): void {
    if (this.over) throw this.endedError('keep it');
    this.#keep(owner);
    if (development) {
      this.#keptAt = new Error('kept');
      settleLater(this.#keptAt, () => !this.#ended);
    }
    // A container that drops a proxy without disposing it has let go all the same.
    // The view that `with()` gives is not what is kept: it may be gone while the proxy behind it is there.
    if (this.#watched || handle.root !== handle) return;
    this.#watched = true;
    this.watch(proxy, handle, false);
  }

  #keep(owner: object | undefined): void {
    if (owner !== undefined) return this.#keepFor(owner);
    if (this.#owner && !this.host.bodyOf(this.#owner)) return;
    const call = this.borrower ?? this.host.current();
    if (call?.target) return this.#keepFor(call.target.instance);
    if (!call) {
      throw new ConfigurationError(
        `keep() cannot tell which object keeps the proxy of ${this.typeid}: it came with no call that is running. Say keep(proxy, owner).`,
        { typeid: this.typeid },
      );
    }
    call.whenMade((instance) => this.#keepFor(instance));
  }

  /** Lends it to a call: it came with its arguments. */
  lend(call: Call): void {
    if (!this.#ended) this.#move(call.keeper, call.keeper ? undefined : call);
  }

  /** The call that it is lent to is over, or its owner is freed. */
  end(): void {
    this.#end(this.#owner ? 'freed' : 'call');
  }

  /** In development: from which lines of code it is held. */
  protected lines(): { lines?: string[] } {
    const places = this.#owner ? [this.#keptAt] : Handle.of(this).map(({ madeAt }) => madeAt);
    const lines = places.map(lineOf).filter((line) => line !== undefined);
    return lines.length > 0 ? { lines } : {};
  }

  /** What is wrong with using it: the intent completes "it cannot ...". */
  endedError(intent: string): ProxyReleasedError | ObjectLostError {
    const details = { typeid: this.typeid, fate: 'not-executed' } as const;
    if (this.#ended === 'freed') {
      return new ObjectLostError(
        `The proxy of ${this.typeid} cannot ${intent}: the object that kept it, or the object itself, was freed.`,
        details,
      );
    }
    return new ProxyReleasedError(
      this.#ended === 'call'
        ? `The proxy of ${this.typeid} cannot ${intent}: it came with a call that has ended, and was not kept. ` +
            'What a method receives, gets in answer or creates lasts for the call: use keep(proxy) to hold it longer.'
        : `The proxy of ${this.typeid} was released, so it cannot ${intent}.`,
      details,
    );
  }

  /** Has the collector let go of what its proxy leaves. */
  protected watch(proxy: object, handle: Handle, report: boolean): void {
    this.host.watch(proxy, handle, report);
    this.#watcher = handle;
  }

  /** The object was taken from all who held it. */
  protected taken(): void {
    if (this.#ended) return;
    this.#ended = 'freed';
    this.#forget();
    this.#detach();
  }

  #keepFor(owner: object): void {
    this.host.table.whenHosted(owner, (hosting) => {
      if (!this.#ended && this.#owner !== hosting) this.#move(hosting, undefined);
    });
  }

  #move(owner: Hosting | undefined, call: Call | undefined): void {
    this.transfer(() => {
      this.#detach();
      this.#owner = owner;
      this.#call = call;
      owner?.keep(this);
      call?.borrow(this);
    });
  }

  #end(how: End): void {
    if (this.#ended) return;
    this.#ended = how;
    this.#forget();
    this.drop();
    this.#detach();
  }

  /**
   * What is over is of no use to the collector's net, which has hold of it, and so of its object: two that kept each other
   * would keep each other's proxies from being collected. The same goes for the frames of a place not yet put into words.
   */
  #forget(): void {
    this.#watcher?.unwatch?.();
    this.#watcher = undefined;
    this.#keptAt = undefined;
  }

  #detach(): void {
    this.#owner?.letGo(this);
    this.#call?.unburden(this);
    this.#owner = undefined;
    this.#call = undefined;
  }
}

/** A holding of an object of this server: one of its holders. */
export class LocalHolding extends Holding implements Holder {
  readonly object: HostedObject;
  readonly typeid: string;

  constructor(host: HoldingHost, object: HostedObject, call: Call | undefined) {
    super(host, call);
    this.object = object;
    this.typeid = object.type.typeid;
    host.table.hold(object, this);
  }

  get kind(): Holder['kind'] {
    if (!this.owner) return this.borrower ? 'call' : 'server';
    return this.host.bodyOf(this.owner) ? 'iterator' : 'object';
  }

  identity(): ObjectToken {
    const { name, generation } = this.host.identity();
    return { typeid: this.typeid, server: name, generation, id: this.object.id };
  }

  mayWait(method: string): boolean {
    return this.object.type.waits.has(method);
  }

  methods(): ReadonlySet<string> {
    return this.object.type.methods;
  }

  /** Where it was part of a dead cycle, that is known before it is taken from each who held it. */
  override get over(): boolean {
    if (this.object.freed) this.taken();
    return super.over;
  }

  proxy(handle: Handle, watched: boolean): object {
    const proxy = this.host.proxyOf(this.object, handle);
    // What the body of an iterator drops is let go before the iterator ends: it may go on for long.
    if (watched && (this.owner || !this.borrower)) this.watch(proxy, handle, !this.owner);
    return proxy;
  }

  ticket(ttl: number, uses: number): Promise<string> {
    if (this.over) return Promise.reject(this.endedError('get a ticket'));
    return this.host.ticket(this.object, ttl, uses);
  }

  /** What is owned through it belongs to the session of the call that runs. */
  onLost(fn: OnLost): () => void {
    const call = this.host.current() ?? this.borrower;
    return this.host.onSessionEnd(call, fn);
  }

  referent(): object | undefined {
    return this.over ? undefined : this.object.instance;
  }

  another(): Target {
    return new LocalHolding(this.host, this.object, this.host.current());
  }

  describe(): Record<string, unknown> {
    const { owner, borrower: call } = this;
    if (owner) return { ...(owner.objects[0] && { object: shortly(owner.objects[0]) }), ...this.lines() };
    if (!call) return this.lines();
    return {
      session: call.session,
      application: call.application,
      method: call.method,
      ...(call.target && { object: shortly(call.target) }),
    };
  }

  onGone(): void {
    this.taken();
  }

  protected invoke(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    const lent = this.borrower;
    return this.host.call(this.object, handle, method, args, lent);
  }

  protected drop(): void {
    this.host.table.drop(this.object, this);
  }

  protected transfer(change: () => void): void {
    this.host.table.transfer(this.object, this, change);
  }
}

/** An object as the census names it beside another. */
function shortly({ id, type, name }: HostedObject): NonNullable<HolderDebugInfo['object']> {
  return { id, typeid: type.typeid, ...(name !== undefined && { name }) };
}
