import {
  findCall,
  Handle,
  handleOf,
  isSharedValue,
  makeProxyClass,
  proxyIdentity,
  share,
  watch,
  type CollectedReport,
  type ProxyClass,
  type TypeDefinition,
} from '../definition/index.js';
import { EncodingError } from '../protocol/index.js';
import { Call } from './call.js';
import type { HostedCalls } from './hosted-calls.js';
import { LocalHolding, type Holding, type HoldingHost } from './holding.js';
import type { HostedObject, ObjectTable } from './object-table.js';
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
}

/** What stands for shared objects inside the server: makes proxies for hosted code, and knows what they stand for. */
export class HostedProxies implements HoldingHost {
  readonly table: ObjectTable;
  readonly #options: HostedProxiesOptions;
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

  ticket(object: HostedObject, ttl: number, uses: number): Promise<string> {
    const args = [share(object.instance, object.type.typeid), ttl, uses];
    return this.#options.calls().call(undefined, 'ticket', args, {}, this.current()) as Promise<string>;
  }

  keeperOf(object: HostedObject): object {
    return object.instance;
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
  lend(value: object, borrower: Call | undefined): object | undefined {
    const object = this.objectOf(value);
    return object && this.proxy(object, borrower);
  }

  /** The object that a shared thing in the hands of hosted code stands for; undefined where it is nothing shared. */
  objectOf(value: object): HostedObject | undefined {
    const { types, table } = this.#options;
    if (isSharedValue(value)) {
      const type = value.typeid === undefined ? types.of(value.value) : types.byTypeid.get(value.typeid);
      if (type) return table.host(type, value.value);
      throw new EncodingError(
        value.typeid === undefined
          ? `share() was given an instance of ${value.value.constructor.name}, which is no registered type: name one.`
          : `share() names the type "${value.typeid}", which this server does not have.`,
      );
    }
    const target = handleOf(value)?.target;
    if (target instanceof LocalHolding && target.host === this) {
      if (target.over) throw target.endedError('be handed out');
      return target.object;
    }
    const token = proxyIdentity(value);
    if (token) return this.#ofToken(token);
    const type = types.of(value);
    return type && table.host(type, value);
  }

  proxyOf({ type }: HostedObject, handle: Handle): object {
    let made = this.#classes.get(type);
    if (!made) this.#classes.set(type, (made = makeProxyClass(type.typeid, type.exposed)));
    return new made(handle);
  }

  watch(proxy: object, handle: Handle, report: boolean): void {
    watch(proxy, handle, report ? this.#options.onCollected : () => undefined);
  }

  #ofToken(token: { typeid: string; server: string; generation: number; id: number }): HostedObject {
    const { name, generation } = this.identity();
    const mine = token.server === name && token.generation === generation;
    const object = mine ? this.table.find(token.id) : undefined;
    if (object) return object;
    throw new EncodingError(
      `A proxy of ${token.typeid} at the server "${token.server}" cannot be handed out by the server "${name}".`,
    );
  }
}
