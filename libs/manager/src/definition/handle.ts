import { CallAbortedError, ProxyReleasedError } from '../protocol/errors.js';
import { Ending } from './ending.js';
import { development, settleLater } from './place.js';
import type { ObjectToken } from './proxy-identity.js';

/** Options that a handle carries for the calls made through it. */
export interface CallOptions {
  /** Ms until a call fails with `CallTimeoutError`; 0 waits for ever. Default: the manager's, and none for `waits` members. */
  timeout?: number | undefined;
  /** Ends the calls made through the handle with `CallAbortedError`. */
  signal?: AbortSignal | undefined;
}

/** Told that something may be lost. What it gives, if that is a function, runs when everybody was told. */
export type OnLost = (reason: unknown) => unknown;

/** Tells them in their two steps: everything is given back before anybody's code runs, which may call on. */
export function tellLost(listeners: readonly OnLost[], reason: unknown): void {
  for (const then of listeners.map((fn) => fn(reason))) if (typeof then === 'function') (then as () => unknown)();
}

/** What a handle stands for: one object, or whatever object a name stands for. */
export interface Target {
  readonly typeid: string;
  /** Which object, once that is known. */
  identity(): ObjectToken | undefined;
  /** The methods, once the server has told them. */
  methods(): ReadonlySet<string> | undefined;
  call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown>;
  retain(): void;
  /** The last handle's release gives the reference back, once no call is under way. */
  release(): void;
  /** Makes a proxy value of the handle; the collector releases that of a `watched` one, should its owner forget. */
  proxy(handle: Handle, watched: boolean): object;
  /** A ticket of its object, once that is reached: `ttl` in ms. */
  ticket(ttl: number, uses: number): Promise<string>;
  /** The target that a further handle stands for, where each has its own. */
  another?(): Target;
  /** `fn` runs when it may not be held any more; see `onLeaseLost()`. */
  onLost(fn: OnLost): () => void;
  /** Inside a server: the instance itself. */
  referent?(): object | undefined;
  /** Inside a server: makes it a holding of `owner`, or of the object whose call it came with. */
  keep?(owner: object | undefined, proxy: object, handle: Handle): void;
}

/** In development: the handles on each target that were not released, so that the census can say where they were made. */
const live = new WeakMap<Target, Set<Handle>>();

/**
 * One reference of the application to a target, behind one or more proxy values (`with` makes further ones). It knows
 * nothing of those values: they are collected on their own, and the collector then releases what they left.
 */
export class Handle {
  readonly target: Target;
  options: CallOptions;
  /** The handle that this one is an `options` view of; itself for a reference of its own. */
  readonly root: Handle;
  /** Fires when the handle is released: its waiting calls end, and its iterators close. */
  #release: Ending | undefined;
  #waitingEnded = false;
  /** Takes it off what it ends with. */
  #unlisten: (() => void)[] | undefined;
  #releasedAt: Error | undefined;
  #madeAt: Error | undefined;
  /** In development: the collector needs to know of it no more. */
  unwatch: (() => void) | undefined;
  /** Nobody is to release it: it lasts as long as its application. */
  lasting = false;
  /** The target that it is held for, where another one stands between it and its users. */
  heldFor: Target | undefined;

  constructor(target: Target, options: CallOptions = {}, root?: Handle) {
    this.target = target;
    this.options = options;
    this.root = root ?? this;
    if (root) return;
    target.retain();
    if (!development) return;
    const handles = live.get(target);
    if (handles) handles.add(this);
    else live.set(target, new Set([this]));
  }

  /** In development: the handles on whose account a target is held. */
  static of(target: Target): Handle[] {
    return [...(live.get(target) ?? [])].flatMap((handle) => (handle.heldFor ? Handle.of(handle.heldFor) : [handle]));
  }

  /** Where it was made, in development. */
  get madeAt(): Error | undefined {
    return this.#madeAt;
  }

  set madeAt(place: Error | undefined) {
    this.#madeAt = place;
    if (place) settleLater(place, () => !this.released);
  }

  get released(): boolean {
    return this.root.#releasedAt !== undefined;
  }

  /** For calls that may wait for ever. */
  get releasing(): Ending {
    const { root } = this;
    if (!root.#release) {
      root.#release = new Ending();
      // A call that reaches its object only now, after the handle was released.
      if (root.#waitingEnded) root.#release.end(root.#ended());
    }
    return root.#release;
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.root.#releasedAt) return Promise.reject(this.#releasedError(`call ${method}()`));
    return this.target.call(this, method, args);
  }

  /** A further handle on the same target. */
  dup(): Handle {
    this.expectHeld('dup it');
    return new Handle(this.target.another?.() ?? this.target, this.options);
  }

  /** See `keep()`. In an application a reference is the application's already. */
  keep(owner: object | undefined, proxy: object): void {
    this.expectHeld('keep it');
    this.target.keep?.(owner, proxy, this);
  }

  /** A view with options of its own over those of this one. */
  with(options: CallOptions): Handle {
    this.expectHeld('set options');
    return new Handle(this.target, { ...this.options, ...options }, this.root);
  }

  /** The same reference with these options alone: a call that was made before it could leave goes on with what time is left. */
  later(options: CallOptions): Handle {
    return new Handle(this.target, options, this.root);
  }

  /** Throws where it was released. */
  expectHeld(intent: string): void {
    if (this.root.#releasedAt) throw this.#releasedError(intent);
  }

  /** Idempotent. Answers whether it was this call that released it. */
  release(): boolean {
    const { root } = this;
    if (!root.collected()) return false;
    root.#waitingEnded = true;
    root.#release?.end(root.#ended());
    return true;
  }

  /**
   * Its last proxy value was collected. Nobody decided to end the calls that wait: whoever awaits one has its promise, and
   * needs no proxy for that.
   */
  collected(): boolean {
    const { root } = this;
    if (root.#releasedAt) return false;
    root.#releasedAt = releasePlace();
    if (development) live.get(root.target)?.delete(root);
    root.unwatch?.();
    for (const unlisten of root.#unlisten ?? []) unlisten();
    root.target.release();
    return true;
  }

  /** Nothing more is to be had of it: what it held goes back. Other than a release, it ends nothing that it gave. */
  done(): void {
    this.collected();
  }

  /** An iterator that a call with `maker` gave: it ends with the signal of that call, and with the release of `maker`. */
  comesFrom(maker: Handle): void {
    const { signal } = maker.options;
    if (signal) this.options = { ...this.options, signal };
    // Calls that wait hear of it themselves, and say why; it is released after them.
    const end = (): void => queueMicrotask(() => this.release());
    const { releasing } = maker;
    if (releasing.over || signal?.aborted) return end();
    const unlisten = (this.#unlisten ??= []);
    unlisten.push(releasing.listen(end));
    if (!signal) return;
    signal.addEventListener('abort', end, { once: true });
    unlisten.push(() => signal.removeEventListener('abort', end));
  }

  #ended(): CallAbortedError {
    const { typeid } = this.target;
    return new CallAbortedError(`The proxy of ${typeid} was released while the call waited.`, { typeid });
  }

  #releasedError(intent: string): ProxyReleasedError {
    const where = this.root.#releasedAt?.stack?.split('\n').slice(1).join('\n');
    const { typeid } = this.target;
    return new ProxyReleasedError(
      `The proxy of ${typeid} was released, so it cannot ${intent}. It was released` +
        (where ? `:\n${where}` : ' before.'),
      { typeid, fate: 'not-executed' },
    );
  }
}

const releasedInProduction = new Error('released');

function releasePlace(): Error {
  return development ? new Error('released') : releasedInProduction;
}
