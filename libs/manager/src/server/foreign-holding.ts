import {
  Handle,
  handleOf,
  ITERATOR,
  makeLazyProxy,
  type ObjectToken,
  type Target,
  type OnLost,
} from '../definition/index.js';
import { copyValue, lightBytes } from '../protocol/index.js';
import type { Limits } from '../protocol/index.js';
import type { Call } from './call.js';
import { Holding, type HoldingHost } from './holding.js';

/**
 * A holding of an object of another server, by a reference that this server's own manager has. It is lent, kept and let go
 * like one of an object of this server.
 */
export class ForeignHolding extends Holding {
  /** The reference, which is this holding's own. */
  readonly reference: Handle;
  readonly #limits: Limits;

  constructor(host: HoldingHost, reference: Handle, call: Call | undefined, limits: Limits) {
    super(host, call);
    this.reference = reference;
    reference.heldFor = this;
    this.#limits = limits;
  }

  get typeid(): string {
    return this.reference.target.typeid;
  }

  identity(): ObjectToken | undefined {
    return this.reference.target.identity();
  }

  methods(): ReadonlySet<string> | undefined {
    return this.reference.target.methods();
  }

  ticket(ttl: number, uses: number): Promise<string> {
    if (this.over) return Promise.reject(this.endedError('get a ticket'));
    return this.reference.target.ticket(ttl, uses);
  }

  proxy(handle: Handle, watched: boolean): object {
    const proxy = makeLazyProxy(handle);
    if (watched && (this.owner || !this.borrower)) this.watch(proxy, handle, !this.owner);
    return proxy;
  }

  onLost(fn: OnLost): () => void {
    return this.reference.target.onLost(fn);
  }

  another(): Target {
    return new ForeignHolding(this.host, this.reference.dup(), this.host.current(), this.#limits);
  }

  protected async invoke(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    const lent = this.borrower;
    const parent = this.host.current() ?? (lent?.ended ? undefined : lent);
    const { options } = handle;
    // It is part of the call that runs: it has no more time, and ends with it.
    const left = parent?.due === undefined ? undefined : Math.max(1, parent.due - performance.now());
    const timeout = left === undefined ? options.timeout : Math.min(options.timeout || Infinity, left);
    const signals = [options.signal, parent?.signal].filter((signal) => signal !== undefined);
    const { signal, stop } = first(signals);
    const reference = this.reference.with({
      ...(timeout !== undefined && { timeout }),
      ...(signal && { signal }),
    });
    const result = await reference.call(method, args).finally(stop);
    return adoptAll(this.host, result, parent?.ended ? undefined : parent, this.#limits, handle);
  }

  protected drop(): void {
    this.reference.release();
  }

  protected transfer(change: () => void): void {
    change();
  }
}

/**
 * A signal that fires with the first of these. `AbortSignal.any` does not hold what it is made of, and a timeout that was
 * collected never fires.
 */
function first(signals: readonly AbortSignal[]): { signal: AbortSignal | undefined; stop: () => void } {
  if (signals.length < 2) return { signal: signals[0], stop: () => undefined };
  const over = new AbortController();
  const listening = signals.map((signal) => {
    const abort = (): void => over.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  return { signal: over.signal, stop: () => listening.forEach((end) => end()) };
}

/** A further reference of this server's own manager as a holding, lent to `borrower` if there is one. */
export function adopt(host: HoldingHost, reference: Handle, borrower: Call | undefined, limits: Limits): object {
  const holding = new ForeignHolding(host, reference.dup(), borrower, limits);
  return holding.proxy(new Handle(holding), true);
}

/** The same for every reference in something that came from another server; by a call with `maker`, where it did. */
export function adoptAll(
  host: HoldingHost,
  value: unknown,
  borrower: Call | undefined,
  limits: Limits,
  maker?: Handle,
): unknown {
  if (typeof value !== 'object' || value === null || lightBytes(value) !== undefined) return value;
  const adopted = (object: object): object | undefined => {
    const handle = handleOf(object);
    if (!handle || handle.target instanceof Holding) return handle && object;
    const proxy = adopt(host, handle, borrower, limits);
    if (maker && handle.target.typeid === ITERATOR) handleOf(proxy)?.comesFrom(maker);
    // The proxy value that came is nobody's: collected, it would take its handle with it.
    handle.release();
    return proxy;
  };
  return copyValue([value], limits, adopted)[0];
}
