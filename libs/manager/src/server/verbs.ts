import { isPromise } from 'node:util/types';
import { handleOf, runInCall, runInCallContext, SharedValue } from '../definition/index.js';
import type { TypeDefinition } from '../definition/index.js';
import {
  brief,
  ConfigurationError,
  isName,
  MethodNotExposedError,
  NAME_LENGTH,
  quoted,
  ServerVerb,
  TypeNotRegisteredError,
} from '../protocol/index.js';
import type { KeepOption, ServerIdentity } from '../protocol/index.js';
import type { Call } from './call.js';
import { LocalHolding } from './holding.js';
import { census, type CensusPage } from './census.js';
import { instanceOf } from './names.js';
import type { Elsewhere, Names } from './names.js';
import type { HostedObject, ObjectTable } from './object-table.js';
import type { Tickets } from './tickets.js';

/** The most bytes of a page of the census: more would keep the event loop for too long. */
const PAGE_BYTES = 256 * 1024;

export interface VerbsOptions {
  types: ReadonlyMap<string, TypeDefinition>;
  table: ObjectTable;
  names: Names;
  tickets: Tickets;
  /** The object that a proxy in the hands of the server stands for. */
  objectOf: (proxy: object) => HostedObject | undefined;
  /** Holds an object until the call is concluded. */
  pin: (object: HostedObject, call: Call) => void;
  identity: () => ServerIdentity;
}

/** The methods of object 0: what a manager asks of the server itself. */
export class Verbs {
  readonly #options: VerbsOptions;
  readonly #verbs: Record<keyof typeof ServerVerb, (call: Call, args: readonly unknown[]) => unknown> = {
    create: (call, [typeid, args]) => this.#create(call, typeid, args),
    get: (call, [typeid, name, args, keep]) => this.#get(call, typeid, name, args, keep),
    attach: (call, [typeid, name, id]) => this.#attach(call, typeid, name, id),
    find: (call, [typeid, name]) => this.#find(call, typeid, name),
    unlink: (_call, [typeid, name]) => this.#options.names.unlink(this.#type(typeid).typeid, nameOf(name)),
    ticket: (call, [proxy, ttl, uses]) => this.#ticket(call, proxy, ttl, uses),
    redeem: (call, [number, secret]) => this.#redeem(call, number, secret),
    numberOfObjects: () => this.#options.table.size,
    debugInfo: (_call, [from, bytes]) => this.#debugInfo(from, bytes),
    ping: () => true,
  };

  constructor(options: VerbsOptions) {
    this.#options = options;
  }

  run(call: Call): unknown {
    if (!Object.hasOwn(this.#verbs, call.method)) {
      throw new MethodNotExposedError(`The server has no verb ${quoted(call.method)}.`, {
        method: brief(call.method),
        fate: 'not-executed',
      });
    }
    return this.#verbs[call.method as keyof typeof ServerVerb](call, call.args);
  }

  #type(typeid: unknown): TypeDefinition {
    const type = this.#options.types.get(text(typeid));
    if (type) return type;
    const known = [...this.#options.types.keys()].join(', ') || 'none';
    throw new TypeNotRegisteredError(
      `The server "${this.#options.identity().name}" has no type ${quoted(text(typeid))}. It has: ${known}.`,
      { typeid: brief(text(typeid)), server: this.#options.identity().name, fate: 'not-executed' },
    );
  }

  /** Synchronous where the constructor is: creating costs no turn of the event loop more than a call. */
  #create(call: Call, typeid: unknown, args: unknown): unknown {
    const type = this.#type(typeid);
    const host = (instance: unknown): SharedValue => {
      const object = this.#options.table.host(type, instanceOf(instance, type));
      this.#options.pin(object, call);
      return new SharedValue(object.instance, type.typeid);
    };
    const made = construct(call, type, list(args));
    return isPromise(made) ? made.then(host) : host(made);
  }

  async #get(call: Call, typeid: unknown, name: unknown, args: unknown, keep: unknown): Promise<unknown> {
    const type = this.#type(typeid);
    const make = (): unknown => construct(call, type, list(args));
    const pin = (object: HostedObject): void => this.#options.pin(object, call);
    const found = await this.#options.names.get(type, nameOf(name), keepOf(keep), make, call.signal, pin);
    return 'instance' in found ? { object: new SharedValue(found.instance, type.typeid) } : redirect(found);
  }

  async #find(call: Call, typeid: unknown, name: unknown): Promise<unknown> {
    const type = this.#type(typeid);
    const pin = (object: HostedObject): void => this.#options.pin(object, call);
    const found = await this.#options.names.locate(type.typeid, nameOf(name), pin);
    if (!found) return null;
    return 'instance' in found ? { object: new SharedValue(found.instance, type.typeid) } : redirect(found);
  }

  #attach(call: Call, typeid: unknown, name: unknown, id: unknown): unknown {
    const object = this.#options.names.find(text(typeid), nameOf(name));
    if (!object || object.id !== id) return null;
    this.#options.pin(object, call);
    return new SharedValue(object.instance, object.type.typeid);
  }

  #ticket(call: Call, proxy: unknown, ttl: unknown, uses: unknown): string {
    const object = typeof proxy === 'object' && proxy !== null ? this.#options.objectOf(proxy) : undefined;
    if (object) return this.#options.tickets.issue(object, ttl, uses, call.application);
    throw new ConfigurationError('Expected a proxy of an object of this server to make a ticket of.', {
      fate: 'not-executed',
    });
  }

  /** The use is spent from here on, whatever becomes of the answer. */
  #redeem(call: Call, number: unknown, secret: unknown): SharedValue {
    const object = this.#options.tickets.redeem(number, secret, (found) => this.#options.pin(found, call));
    return new SharedValue(object.instance, object.type.typeid);
  }

  #debugInfo(from: unknown, bytes: unknown): { server: string; generation: number } & CensusPage {
    const { name, generation } = this.#options.identity();
    const { id, holders } = (from ?? {}) as { id?: unknown; holders?: unknown };
    const position = { id: whole(id), holders: whole(holders) };
    const page = census(this.#options.table.objects(), position, Math.max(1, Math.min(whole(bytes), PAGE_BYTES)));
    return { server: name, generation, ...page };
  }
}

/** What the constructor or factory kept is kept by what it made. */
function construct(call: Call, type: TypeDefinition, args: readonly unknown[]): unknown {
  call.entered = true;
  const made = (type.context ? runInCallContext : runInCall)(call, () => type.create(...args));
  const keep = (value: unknown): unknown => {
    // A factory may give what is hosted already, by its proxy too.
    const target = handleOf(value)?.target;
    const instance = target instanceof LocalHolding && !target.over ? target.object.instance : value;
    if (typeof instance === 'object' && instance !== null) call.made(instance);
    return instance;
  };
  return isPromise(made) ? made.then(keep) : keep(made);
}

function redirect(elsewhere: Elsewhere): unknown {
  return { server: elsewhere.server, generation: elsewhere.generation };
}

/** Applications check names before they send them. This is for who does not: a name is in keys, logs and the census. */
function nameOf(value: unknown): string {
  if (isName(value)) return value;
  throw new ConfigurationError(
    `Expected a name of 1 to ${NAME_LENGTH} characters without control characters, got ${typeof value}.`,
    { fate: 'not-executed' },
  );
}

function text(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigurationError(`Expected a name, got ${typeof value}.`, { fate: 'not-executed' });
}

function whole(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new ConfigurationError(`Expected a whole number, got ${typeof value}.`, { fate: 'not-executed' });
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ConfigurationError(`Expected a list of arguments, got ${typeof value}.`, { fate: 'not-executed' });
}

function keepOf(value: unknown): KeepOption {
  if (value === undefined || value === null || value === 'always') return 'always';
  if (value === 'referenced') return value;
  const idle = (value as { idle?: unknown }).idle;
  if (typeof idle === 'number' && idle >= 0 && idle < 2 ** 31) return { idle };
  throw new ConfigurationError(`Expected 'always', 'referenced' or { idle: ms } as \`keep\`.`, {
    fate: 'not-executed',
  });
}
