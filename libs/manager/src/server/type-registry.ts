import { ConfigurationError } from '../protocol/index.js';
import { iteratorType } from './iterator-type.js';
import type { TypeDefinition } from '../definition/index.js';

/** The types of one server: by typeid, and by the class of an instance that hosted code hands out. */
export class TypeRegistry {
  readonly byTypeid = new Map<string, TypeDefinition>();
  readonly #byClass = new Map<unknown, TypeDefinition>();
  /** What an instance of this prototype is shared as; null where it is not. */
  readonly #byPrototype = new WeakMap<object, TypeDefinition | null>();

  constructor(types: readonly TypeDefinition[]) {
    for (const type of types) {
      if (this.byTypeid.has(type.typeid)) {
        throw new ConfigurationError(
          `The typeid "${type.typeid}" is registered twice at this server: give one of the two another \`typeid\`.`,
          { typeid: type.typeid },
        );
      }
      if (type.typeid === iteratorType.typeid) {
        throw new ConfigurationError(
          `The typeid "${type.typeid}" is registered twice at this server: it is that of the iterators that results carry. ` +
            'Give your type another `typeid`.',
          { typeid: type.typeid },
        );
      }
      this.byTypeid.set(type.typeid, type);
      // The first type of a class is what its instances are shared as; the others want share(value, typeid).
      if (!this.#byClass.has(type.type)) this.#byClass.set(type.type, type);
    }
  }

  /** The type that an instance is shared as without being told: that of its class, or of the nearest base that is one. */
  of(instance: object): TypeDefinition | undefined {
    const prototype = Object.getPrototypeOf(instance) as object | null;
    if (!prototype) return undefined;
    let type = this.#byPrototype.get(prototype);
    if (type === undefined) {
      type = null;
      for (
        let proto: object | null = prototype;
        proto && !type;
        proto = Object.getPrototypeOf(proto) as object | null
      ) {
        if (Object.hasOwn(proto, 'constructor')) type = this.#byClass.get(proto.constructor) ?? null;
      }
      this.#byPrototype.set(prototype, type);
    }
    return type ?? undefined;
  }
}
