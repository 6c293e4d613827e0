import { ConfigurationError } from '../protocol/errors.js';
import { registerClientClass, type ClientClass } from './client-class.js';
import { globalState } from './global-state.js';
import { checkTypeid } from './typeid.js';

/** Any class, with whatever constructor, private ones included. */
export type AnyClass<T = unknown> = Function & { readonly prototype: T };

/** What `@SharedType` and `@SharedFactory` have in common. `M` are the names of members that are mentioned. */
export interface SharedTypeOptions<M extends string = string> {
  /**
   * The name under which the type is registered and asked for; 1 to 200 characters. Give it where a minifier renames
   * classes, or where a class may be renamed while applications of both versions run.
   * @default the name of the class
   */
  typeid?: string;
  /**
   * The methods that applications may call, in place of the default list. An empty list exposes nothing.
   * @default the prototype's methods, inherited ones included, whose name is not reserved and does not start with `_`
   */
  exposed?: readonly M[];
  /**
   * One call at a time: the next starts when the one before has ended, not merely reached an `await`. Implies `context`.
   * @default false
   */
  serial?: boolean;
  /**
   * Exposed methods that may take for ever: they have no default timeout, and do not count against the calls that a
   * session may have under way.
   * @default []
   */
  waits?: readonly M[];
  /**
   * Whether `currentCall()` is valid throughout a call, not only until its first `await`. It is asked for because
   * AsyncLocalStorage costs something at every `await` of the process.
   * @default false
   */
  context?: boolean;
  /**
   * The class whose members run in the application, in front of the remote methods: they find those by `remote(this)`.
   * Only the methods of its prototype count; an instance is never made, and `this` is the proxy. It is a function, so that
   * the two classes may import each other. An application that does not import the shared class names the client class
   * in its token: `sharedType(typeid, { proxy })`.
   * @default none: every member is remote
   */
  proxy?: () => ClientClass;
}

/** Options as they were given, and the typeid settled. */
export type SettledOptions = SharedTypeOptions & { readonly typeid: string };

/** What a class must have for the names in its decorator to be right; nothing where they are not literals. */
export type WithMethods<M extends string> = string extends M ? unknown : { [K in M]: (...args: never[]) => unknown };

// Keyed by the class itself rather than kept on it: a property or Reflect metadata would be found by subclasses, which
// would then claim their base's typeid, and reflect-metadata would be needed by managers that run outside Nest.
const { types } = globalState('shared-types/1', () => ({ types: new WeakMap<Function, SettledOptions>() }));

/**
 * Makes a class a shared type: name it in `ManagerServerModule.forRoot({ types })` and applications can create its
 * instances and call their methods. Each class is decorated itself; a subclass does not inherit it.
 *
 * Names in `exposed` and `waits` are checked by the compiler. TypeScript's `private` hides nothing at run time: use `#`.
 *
 * @throws ConfigurationError where the typeid cannot be one. The other options are checked when the server starts.
 *
 * @example
 * ```ts
 * @SharedType({ exposed: ['increment'] })
 * export class VisitCounter {
 *   #count = 0;
 *   increment(by = 1): number {
 *     return (this.#count += by);
 *   }
 * }
 * ```
 */
export function SharedType<const M extends string = never>(
  options: SharedTypeOptions<M> = {},
): <T extends WithMethods<M>>(type: AnyClass<T>) => void {
  return (type) => {
    if (typeof type !== 'function') throw new ConfigurationError('@SharedType() decorates classes only.');
    const typeid = checkTypeid(options.typeid ?? type.name, `class ${type.name || '(anonymous)'}`);
    types.set(type, Object.freeze({ ...options, typeid }));
    if (options.proxy) registerClientClass(typeid, options.proxy);
  };
}

/** The options of a class's own `@SharedType()`, undefined where it has none: a base's decorator does not count. */
export function getSharedTypeOptions(type: Function): SettledOptions | undefined {
  return types.get(type);
}
