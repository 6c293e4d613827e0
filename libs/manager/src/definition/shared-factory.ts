import { ConfigurationError } from '../protocol/errors.js';
import { globalState } from './global-state.js';
import { getSharedTypeOptions, type AnyClass, type SettledOptions, type SharedTypeOptions } from './shared-type.js';
import { checkTypeid } from './typeid.js';

/**
 * Options of `@SharedFactory`. What is not given is taken from the `@SharedType()` of `type`, if it has one.
 * `T` is `any` by default for the sake of `keyof any`: where the class is not known, every name may be mentioned.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- where the class is not known, every name may be mentioned
export interface SharedFactoryOptions<T = any> extends SharedTypeOptions<keyof T & string> {
  /**
   * The class of what the method makes: its methods are the exposed ones. It need not be decorated. An abstract class will
   * do as long as it implements what is to be exposed: an abstract method is not there at run time.
   */
  type: AnyClass<T>;
}

/** Options as they were given, and the typeid settled. */
export type SettledFactoryOptions = SettledOptions & { readonly type: AnyClass };

interface Factories {
  /** Found by prototype and name: sees a method even if another decorator put a wrapper in its place. */
  readonly byPrototype: WeakMap<object, Map<string, SettledFactoryOptions>>;
  readonly byFunction: WeakMap<Function, SettledFactoryOptions>;
}

const factories = globalState<Factories>('shared-factories/1', () => ({
  byPrototype: new WeakMap(),
  byFunction: new WeakMap(),
}));

/**
 * Makes a method of a provider the constructor of a shared type, so that it can use what was injected into the provider.
 * `manager.create(token, ...args)` runs it in the server. It may be asynchronous, and may return an instance that is
 * hosted already: the result is then one more reference to the same object.
 *
 * @throws ConfigurationError where the typeid cannot be one, or on a static method. The other options are checked when
 * the server starts.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class Reports {
 *   constructor(private readonly db: Database) {}
 *
 *   @SharedFactory({ typeid: 'Report', type: Report })
 *   open(id: string): Report {
 *     return new Report(this.db, id);
 *   }
 * }
 *
 * export const ReportType = sharedType<Report, [id: string]>('Report');
 * ```
 */
export function SharedFactory<T extends object>(options: SharedFactoryOptions<T>) {
  return <F extends (...args: never[]) => NoInfer<T> | PromiseLike<NoInfer<T>>>(
    prototype: object,
    name: string,
    descriptor: TypedPropertyDescriptor<F>,
  ): void => {
    if (typeof prototype === 'function' || typeof descriptor.value !== 'function') {
      throw new ConfigurationError(
        `@SharedFactory() decorates methods of a provider's instances; ${describe(prototype)}.${name} is none.`,
      );
    }
    const settled = settle(options, `the factory ${describe(prototype)}.${name}`);
    let named = factories.byPrototype.get(prototype);
    if (named === undefined) factories.byPrototype.set(prototype, (named = new Map()));
    named.set(name, settled);
    factories.byFunction.set(descriptor.value, settled);
  };
}

/** The options of a decorated method, by the function that the decorator saw. */
export function getSharedFactoryOptions(method: Function): SettledFactoryOptions | undefined {
  return factories.byFunction.get(method);
}

/**
 * The factory methods of a provider's class, inherited ones included, by name. A subclass that overrides one without
 * decorating it takes it back, as with Nest's own method decorators.
 */
export function sharedFactoriesOf(type: Function): ReadonlyMap<string, SettledFactoryOptions> {
  const found = new Map<string, SettledFactoryOptions>();
  const seen = new Set<string>();
  for (let prototype = type.prototype as object | null; prototype; prototype = Object.getPrototypeOf(prototype)) {
    const named = factories.byPrototype.get(prototype);
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const options = named?.get(name);
      if (options !== undefined) found.set(name, options);
    }
  }
  return found;
}

function settle(options: SharedFactoryOptions, of: string): SettledFactoryOptions {
  const { type } = options;
  if (typeof type !== 'function') {
    throw new ConfigurationError(
      `The option \`type\` of ${of} must be the class of what it makes, got ${String(type)}.`,
    );
  }
  const typeid = checkTypeid(options.typeid ?? getSharedTypeOptions(type)?.typeid ?? type.name, of);
  return Object.freeze({ ...options, typeid });
}

function describe(prototype: object): string {
  return typeof prototype === 'function' ? prototype.name : prototype.constructor.name;
}
