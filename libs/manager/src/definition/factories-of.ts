import { sharedFactoriesOf } from './shared-factory.js';
import { defineFactory, type TypeDefinition } from './type-definition.js';

/** The types that the `@SharedFactory()` methods of a provider make. */
export function factoriesOf(instance: object): TypeDefinition[] {
  const prototype = Object.getPrototypeOf(instance) as object | null;
  const type = prototype && Object.hasOwn(prototype, 'constructor') ? prototype.constructor : undefined;
  if (typeof type !== 'function') return [];
  return [...sharedFactoriesOf(type)].map(([name, options]) => {
    const method = (instance as Record<string, (...args: never[]) => unknown>)[name] as (...args: never[]) => unknown;
    return defineFactory(options, (...args) => Reflect.apply(method, instance, args) as unknown);
  });
}
