import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { defineType, factoriesOf, type AnyClass, type TypeDefinition } from '../definition/index.js';

/** Types that `ManagerServerModule.forFeature` named. A class of its own, so that the explorer finds it among all providers. */
export class FeatureTypes {
  constructor(readonly types: readonly AnyClass[]) {}
}

/** Finds what a server hosts: the types named in its modules, and the factory methods of its providers. */
@Injectable()
export class SharedTypesExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws ConfigurationError where a type or a factory cannot work. */
  explore(named: readonly AnyClass[]): TypeDefinition[] {
    const definitions = named.map((type) => defineType(type));
    const seen = new Set<object>();
    for (const wrapper of this.discovery.getProviders()) {
      const instance: unknown = wrapper.isAlias ? undefined : wrapper.instance;
      // Providers may be anything: values, null-prototype objects, proxies of shared objects.
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      if (instance instanceof FeatureTypes) definitions.push(...instance.types.map((type) => defineType(type)));
      else definitions.push(...factoriesOf(instance));
    }
    return definitions;
  }
}
