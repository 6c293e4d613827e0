import {
  findCall,
  Handle,
  handleOf,
  isSharedValue,
  proxyClassOf,
  proxyIdentity,
  share,
  Unready,
  watch,
  type CollectedReport,
  type ForeignObjects,
  type ObjectToken,
  type ProxyClass,
  type TypeDefinition,
  type OnLost,
  tellLost,
} from '../definition/index.js';
import { ConfigurationError, EncodingError, SessionExpiredError, isIterable, parseTicket } from '../protocol/index.js';
import type { Limits } from '../protocol/index.js';
import { Call } from './call.js';
import { adopt, adoptAll, ForeignHolding } from './foreign-holding.js';
import type { HostedCalls } from './hosted-calls.js';
import { Holding, LocalHolding, type HoldingHost } from './holding.js';
import { HostedIterator, type IterationHost } from './hosted-iterator.js';
import { Iteration } from './iteration.js';
import { iteratorType } from './iterator-type.js';
import type { HostedObject, Hosting, ObjectTable } from './object-table.js';
import type { TypeRegistry } from './type-registry.js';

export interface HostedProxiesOptions {
  table: ObjectTable;
  types: TypeRegistry;
  identity: () => { name: string; generation: number };
  /** The server, as its calls name it. */
  server: object;
  calls: () => HostedCalls;
  /** In development: told of proxies that code of the server forgot. */
  onCollected: CollectedReport;
  limits: Limits;
  /** Redeems a ticket of this server. */
  redeem: (number: number, secret: Uint8Array) => { proxy: object; holding: Holding };
  /** How objects of other servers are reached. */
  foreign: () => ForeignObjects | undefined;
}

/** What stands for shared objects inside the server: makes proxies for hosted code, and knows what they stand for. */
export class HostedProxies implements HoldingHost, IterationHost {
  readonly table: ObjectTable;
  readonly #options: HostedProxiesOptions;
  /** The call whose answer is being made. */
  giver: Call | undefined;
  readonly #iterators = new WeakMap<object, HostedIterator>();
  readonly #classes = new Map<TypeDefinition, ProxyClass>();

  constructor(options: HostedProxiesOptions) {
    this.#options = options;
    this.table = options.table;
  }

  identity(): { name: string; generation: number } {
    return this.#options.identity();
  }

  current(): Call | undefined {
    const call = findCall();
    return call instanceof Call && call.origin.server === this.#options.server && !call.ended ? call : undefined;
  }

  call(object: HostedObject, handle: Handle, method: string, args: readonly unknown[], from?: Call): Promise<unknown> {
    const parent = this.current() ?? (from?.ended ? undefined : from);
    return this.#options.calls().call(object, method, args, handle.options, parent, handle);
  }

  onSessionEnd(call: Call | undefined, fn: OnLost): () => void {
    const reason = new SessionExpiredError(
      call ? `Session ${call.session} has ended.` : `The server "${this.identity().name}" was closed.`,
    );
    return this.#options.calls().onSessionEnd(call, () => tellLost([fn], reason));
  }

  ticket(object: HostedObject, ttl: number, uses: number): Promise<string> {
    const args = [share(object.instance, object.type.typeid), ttl, uses];
    return this.#options.calls().call(undefined, 'ticket', args, {}, this.current()) as Promise<string>;
  }

  get limits(): Limits {
    return this.#options.limits;
  }

  bodyOf({ instance }: Hosting): Call | undefined {
    return instance instanceof HostedIterator ? instance.body : undefined;
  }

  /** A proxy of the object, lent to a call, or else held by code of the server until it is disposed or collected. */
  proxy(object: HostedObject, borrower: Call | undefined): object {
    const holding = new LocalHolding(this, object, borrower);
    return holding.proxy(new Handle(holding), true);
  }

  /** A proxy whose holding is lent to a call, or ended, by whoever asks. */
  unborrowed(object: HostedObject): { proxy: object; holding: Holding } {
    const holding = new LocalHolding(this, object, undefined);
    return { proxy: holding.proxy(new Handle(holding), false), holding };
  }

  /** The same for a value of hosted code; undefined where it is nothing shared. */
  lend(
    value: object,
    borrower: Call | undefined,
    lent: Map<unknown, object>,
    { call, handle: caller }: { call?: Call | undefined; handle?: Handle | undefined } = {},
  ): object | undefined {
    const handle = handleOf(value);
    const object = handle ? this.#ofHandle(handle) : this.objectOf(value, call);
    const known = lent.get(object ?? handle);
    if (known) return known;
    let proxy: object;
    if (object) proxy = this.proxy(object, borrower);
    else if (handle) {
      const { target } = handle;
      proxy = adopt(this, target instanceof ForeignHolding ? target.reference : handle, borrower, this.#options.limits);
    } else return undefined;
    lent.set(object ?? handle, proxy);
    if (caller && object?.type === iteratorType) handleOf(proxy)?.comesFrom(caller);
    return proxy;
  }

  /** The object that a shared thing in the hands of hosted code stands for; undefined where it is nothing shared. */
  objectOf(value: object, giver = this.giver ?? this.current()): HostedObject | undefined {
    const { types, table } = this.#options;
    if (isSharedValue(value)) {
      if (value.value instanceof HostedIterator) return table.host(iteratorType, value.value);
      const type = value.typeid === undefined ? types.of(value.value) : types.byTypeid.get(value.typeid);
      if (type) return table.host(type, value.value);
      throw new EncodingError(
        value.typeid === undefined
          ? `share() was given an instance of ${value.value.constructor.name}, which is no registered type: name one.`
          : `share() names the type "${value.typeid}", which this server does not have.`,
      );
    }
    const handle = handleOf(value);
    if (handle) {
      const object = this.#ofHandle(handle);
      if (object) return object;
      throw new Unready(value, handle);
    }
    const token = proxyIdentity(value);
    if (token) throw this.#elsewhere(token);
    const type = types.of(value);
    if (type) return table.host(type, value);
    return isIterable(value) ? this.#iterator(value, giver) : undefined;
  }

  proxyOf({ type }: HostedObject, handle: Handle): object {
    let made = this.#classes.get(type);
    if (!made) this.#classes.set(type, (made = proxyClassOf(type.typeid, type.exposed, type.proxy)));
    return new made(handle);
  }

  watch(proxy: object, handle: Handle, report: boolean): void {
    watch(proxy, handle, report ? this.#options.onCollected : () => undefined, true);
  }

  /** A proxy that came with a ticket: of this server, or of one that its own manager reaches. */
  redeemed(ticket: string): { proxy: object; holding: Holding } {
    const { server, generation, number, secret } = parseTicket(ticket);
    const mine = this.identity();
    if (server === mine.name && generation === mine.generation) return this.#options.redeem(number, secret);
    const { foreign } = this.#options;
    const objects = foreign();
    if (!objects) {
      throw new ConfigurationError(
        `A proxy of an object of the server "${server}" came to the server "${mine.name}", which has no manager of its own to reach it by.`,
      );
    }
    const reference = handleOf(objects.redeemed(ticket)) as Handle;
    const holding = new ForeignHolding(this, reference.dup(), undefined, this.#options.limits);
    reference.release();
    return { proxy: holding.proxy(new Handle(holding), false), holding };
  }

  /** What came from another server is held like what comes from this one. */
  adopt(value: unknown, borrower: Call | undefined): unknown {
    return adoptAll(this, value, borrower, this.#options.limits);
  }

  /** The object that an iterator or an iterable is hosted as. An iterator is one object, an iterable each time another. */
  #iterator(value: object, giver: Call | undefined): HostedObject {
    const { table } = this.#options;
    const known = this.#iterators.get(value);
    const iterator = known ?? new HostedIterator(value, giver?.part(), this);
    const object = table.host(iteratorType, iterator);
    if (!known) {
      if (typeof (value as { next?: unknown }).next === 'function') this.#iterators.set(value, iterator);
      if (giver && iterator.body) this.#begin(object.hosting, iterator.body, giver);
    }
    // Until it is in the answer, which may have to be made twice.
    if (giver && !giver.keeper) {
      object.enter();
      giver.borrow({ end: () => table.leave(object) });
    }
    return object;
  }

  /** It goes on with the call that gave it: it holds the object of that call, and what the call has, until it is closed. */
  #begin(hosting: Hosting, body: Call, giver: Call): void {
    body.keeper = hosting;
    body.whole = giver.continuation ??= giver.whole ?? new Iteration();
    body.whole.begin(body);
    if (body.target && !body.target.freed) this.unborrowed(body.target).holding.lend(body);
  }

  /** Undefined for what is an object of another server, or was not reached yet. */
  #ofHandle(handle: Handle): HostedObject | undefined {
    const { target } = handle;
    if (target instanceof Holding && target.over) throw target.endedError('be handed out');
    if (target instanceof LocalHolding && target.host === this) return target.object;
    const token = target.identity();
    const { name, generation } = this.identity();
    if (token?.server !== name || token.generation !== generation) return undefined;
    const object = this.table.find(token.id);
    if (object) return object;
    throw this.#elsewhere(token);
  }

  #elsewhere(token: ObjectToken): EncodingError {
    return new EncodingError(
      `A proxy of ${token.typeid} #${token.id} at the server "${token.server}" cannot be handed out by the server "${this.identity().name}": the object is gone.`,
      { typeid: token.typeid, objectId: token.id },
    );
  }
}
