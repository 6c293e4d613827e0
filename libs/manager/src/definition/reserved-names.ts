/**
 * Names that a proxy answers locally, so no remote method can have them. One list for the check at bootstrap and for the
 * type `SharedProxy<T>`, which leaves them out.
 *
 * - `then` to `constructor`: `await`, JSON, `util.inspect` and everybody else ask any object for them.
 * - `asymmetricMatch`, `nodeType`, `$$typeof`: Jest's matchers and printers do.
 * - Nest calls its lifecycle hooks on whatever a provider's factory gives, a proxy too.
 * - `onSharedDispose` is called by the server when the object is freed, and by nobody else.
 * - the rest are the names of `Object.prototype`: also a guard against looking a method up there.
 */
export const reservedNames = [
  'then',
  'catch',
  'finally',
  'toJSON',
  'inspect',
  'constructor',
  'asymmetricMatch',
  'nodeType',
  '$$typeof',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
  'onSharedDispose',
  'toString',
  'toLocaleString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  '__proto__',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
] as const;

/** A name that can never be exposed. */
export type ReservedName = (typeof reservedNames)[number];

/** The names that can never be exposed, for a look-up at run time. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(reservedNames);
