import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown, Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { Manager } from '../types/index.js';
import type { AnyClass } from '../definition/index.js';
import { ManagerServerStrategy } from './manager-server.strategy.js';
import { makeManager } from './manager.module.js';
import { asyncOptionsProvider, checkOptions } from './options.js';
import type { AsyncOptions, ManagerServerModuleOptions } from './options.js';
import { applied, OVERRIDES, type ServerOverrides } from './server-overrides.js';
import { FeatureTypes, SharedTypesExplorer } from './shared-types.explorer.js';
import { getManagerToken } from './tokens.js';

const OPTIONS = 'NestjsManagerServer:options';

/**
 * Makes an application a manager server: a process that hosts shared objects.
 *
 * @example
 * ```ts
 * @Module({ imports: [ManagerServerModule.forRoot({ redis, namespace: 'shop', types: [VisitCounter] })] })
 * export class ServerModule {}
 *
 * const app = await createManagerServer(ServerModule);
 * await app.listen();
 * ```
 */
@Module({})
export class ManagerServerModule {
  /** The server's options, and the types it hosts. `isGlobal` (default true) makes its own manager injectable everywhere. */
  static forRoot(options: ManagerServerModuleOptions & { isGlobal?: boolean } = {}): DynamicModule {
    const { isGlobal, ...rest } = checkOptions('server', options);
    return define(isGlobal, [], [{ provide: OPTIONS, useValue: rest }]);
  }

  /** The same, with options that other providers make. */
  static forRootAsync(options: AsyncOptions<ManagerServerModuleOptions>): DynamicModule {
    const { isGlobal, imports = [] } = options;
    return define(isGlobal, imports, asyncOptionsProvider(OPTIONS, 'ManagerServerModule', options));
  }

  /** Further types to host, named by the module that they belong to. */
  static forFeature(types: readonly AnyClass[]): DynamicModule {
    const features = new FeatureTypes(types);
    return { module: ManagerServerModule, providers: [{ provide: Symbol('shared types'), useValue: features }] };
  }
}

function define(
  isGlobal: boolean | undefined,
  imports: NonNullable<DynamicModule['imports']>,
  options: Provider[],
): DynamicModule {
  const strategy: Provider = {
    provide: ManagerServerStrategy,
    useFactory: (given: ManagerServerModuleOptions, explorer: SharedTypesExplorer, told?: ServerOverrides) =>
      new ManagerServerStrategy(applied(given, told), explorer),
    inject: [OPTIONS, SharedTypesExplorer, { token: OVERRIDES, optional: true }],
  };
  // It connects when it is first used for what is not here, so few servers have further connections.
  const manager: Provider = {
    provide: getManagerToken(),
    useFactory: (given: ManagerServerModuleOptions, server: ManagerServerStrategy, told?: ServerOverrides) =>
      makeManager(
        { application: `server ${applied(given, told).name ?? 'default'}`, transport: () => server.connect() },
        { local: () => server.local, foreign: (objects) => server.reach(objects) },
      ),
    inject: [OPTIONS, ManagerServerStrategy, { token: OVERRIDES, optional: true }],
  };
  const lifecycle: Provider = {
    provide: 'NestjsManagerServer:lifecycle',
    useFactory: (made: Manager, server: ManagerServerStrategy) => new ServerLifecycle(made, server),
    inject: [getManagerToken(), ManagerServerStrategy],
  };
  return {
    module: ManagerServerModule,
    global: isGlobal ?? true,
    imports: [DiscoveryModule, ...imports],
    providers: [...options, SharedTypesExplorer, strategy, manager, lifecycle],
    exports: [ManagerServerStrategy, getManagerToken()],
  };
}

/** Closes the server's own manager once nothing runs any more that could use it. */
class ServerLifecycle implements OnApplicationShutdown {
  constructor(
    private readonly manager: Manager,
    private readonly server: ManagerServerStrategy,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.server.close();
    await this.manager.close();
    await this.server.disconnect();
  }
}
