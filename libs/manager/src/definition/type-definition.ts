import { ConfigurationError } from '../protocol/errors.js';
import { exposedMethods, waitingMethods } from './exposed.js';
import type { SharedFactoryOptions } from './shared-factory.js';
import type { ClientClass } from './client-class.js';
import type { Logger } from './logger.js';
import { getSharedTypeOptions, type AnyClass, type SharedTypeOptions } from './shared-type.js';
import { undecorated } from './type-token.js';
import { checkTypeid } from './typeid.js';

/**
 * A shared type, checked and complete: what a server needs to know of it, and where its proxies' shape comes from.
 *
 * It holds the names of methods and not their functions. A factory may return an instance of a subclass, and a call must
 * reach that one's override, so the server checks the name against `methods` and calls `instance[name]`. This is safe: a
 * peer can name nothing that is not on the list, which no name of Object.prototype, `constructor` or `then` ever is, and
 * which held methods only when it was made. What an instance has under such a name is its author's doing; the server
 * still checks that it is a function.
 */
export interface TypeDefinition {
  readonly typeid: string;
  /** The methods that may be called: own ones first, in the order of the class, then inherited ones. */
  readonly exposed: readonly string[];
  /** The same names, for the check at each call. */
  readonly methods: ReadonlySet<string>;
  /** Exposed methods without a default timeout. */
  readonly waits: ReadonlySet<string>;
  /** One call at a time. */
  readonly serial: boolean;
  /** `currentCall()` holds throughout a call; true where `serial` is. */
  readonly context: boolean;
  /** Runs the constructor or the factory. What it gives, or resolves to, is the instance. May throw. */
  readonly create: (...args: unknown[]) => unknown;
  /** The class by which instances are recognised in results. */
  readonly type: AnyClass;
  /** Gives the class whose members run in the application. */
  readonly proxy: (() => ClientClass) | undefined;
  /** What a built-in type has beside its objects. A type of users has a provider of its module for that. */
  readonly resources?: TypeResources;
}

/** The server, as the resources of its types may use it. */
export interface ResourceHost {
  readonly logger: Logger;
  /** Takes a name away, as `manager.unlink` does. */
  unlink(typeid: string, name: string): Promise<unknown>;
}

/** What lasts as long as a server. */
export interface TypeResources {
  /** The server listens. Must not throw. */
  open(host: ResourceHost): void;
  /** The server has closed, and every object was disposed of. */
  close(): Promise<void>;
}

/**
 * The definition of a class, from its `@SharedType()` and `overrides`, which win. A class that is not decorated needs a
 * `typeid` among the overrides.
 *
 * @throws ConfigurationError where the class is not a shared type, or an option cannot work.
 */
export function defineType(type: AnyClass, overrides: SharedTypeOptions = {}): TypeDefinition {
  if (typeof type !== 'function') {
    throw new ConfigurationError(`A shared type is registered by its class, got ${String(type)}.`);
  }
  if (overrides.typeid === undefined && getSharedTypeOptions(type) === undefined) {
    throw new ConfigurationError(undecorated(type));
  }
  const constructor = type as unknown as new (...args: unknown[]) => unknown;
  return define(type, overrides, (...args) => new constructor(...args));
}

/**
 * The definition of a type whose instances `create` makes: for `@SharedFactory`, bound to its provider, and for anything
 * registered by hand. Options that are not given are taken from the `@SharedType()` of `options.type`, if it has one.
 *
 * @throws ConfigurationError where an option cannot work.
 */
export function defineFactory(options: SharedFactoryOptions, create: (...args: never[]) => unknown): TypeDefinition {
  const { type, ...overrides } = options;
  if (typeof type !== 'function') {
    throw new ConfigurationError(
      `The option \`type\` of the factory "${String(options.typeid)}" must be the class of what it makes, got ${String(type)}.`,
    );
  }
  return define(type, overrides, create as (...args: unknown[]) => unknown);
}

const OPTIONS = new Set(['typeid', 'exposed', 'serial', 'waits', 'context', 'proxy', 'type']);

function define(type: AnyClass, overrides: SharedTypeOptions, create: (...args: unknown[]) => unknown): TypeDefinition {
  const options: SharedTypeOptions = { ...getSharedTypeOptions(type), ...withoutUndefined(overrides) };
  const typeid = checkTypeid(options.typeid ?? type.name, `class ${type.name || '(anonymous)'}`);
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `The type "${typeid}" has an unknown option "${unknown}". There are: ${[...OPTIONS].join(', ')}.`,
      { typeid },
    );
  }
  const { serial = false, context = serial, proxy } = options;
  if (serial && !context) {
    throw new ConfigurationError(
      `The type "${typeid}" is \`serial\`, which needs the call's context: drop \`context: false\`.`,
    );
  }
  if (proxy !== undefined && typeof proxy !== 'function') {
    throw new ConfigurationError(
      `The option \`proxy\` of the type "${typeid}" must be a function that gives a class: \`proxy: () => StackMembers\`.`,
      { typeid },
    );
  }
  const exposed = exposedMethods(type, { ...options, typeid });
  const waits = waitingMethods(typeid, exposed, options.waits ?? []);
  return Object.freeze({
    typeid,
    exposed: Object.freeze(exposed),
    methods: new Set(exposed),
    waits: new Set(waits),
    serial,
    context,
    create,
    type,
    proxy,
  });
}

/** An override that says `undefined` says nothing; spread as it is, it would hide what the class says. */
function withoutUndefined(options: SharedTypeOptions): SharedTypeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
