import { Logger, Module } from '@nestjs/common';
import type { DynamicModule, InjectionToken, OnApplicationShutdown, OnModuleInit, Provider } from '@nestjs/common';
import type { ManagerOptions } from '../client/index.js';
import type { TypeRef } from '../definition/index.js';
import { ManagerClosedError, type KeepOption } from '../protocol/index.js';
import { Manager } from '../types/index.js';
import { managerOptions } from './manager-options.js';
import { makeTransport } from './make-transport.js';
import { asyncOptionsProvider, checkOptions } from './options.js';
import type { AsyncOptions, ManagerModuleOptions } from './options.js';
import { getManagerToken, getSharedToken } from './tokens.js';

/** One named object that `ManagerModule.forFeature` makes injectable. */
export interface SharedFeature {
  /** A class with `@SharedType()`, a token made by `sharedType()`, or a typeid. */
  type: TypeRef;
  /** Its name. A name belongs to a typeid. */
  name: string;
  /** What the constructor gets if this application is the first to ask. @default [] */
  args?: readonly unknown[];
  /** How long the name holds its object; the first who asks decides. @default 'always' */
  keep?: KeepOption;
  /** Whether the proxy goes on with the object that has the name when the one it had is gone. @default true */
  rebind?: boolean;
  /** Only at the server of this name. */
  server?: string;
}

/**
 * Connects an application to the manager servers of its namespace.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     ManagerModule.forRoot({ redis: 'redis://localhost:6379', namespace: 'shop' }),
 *     ManagerModule.forFeature([{ type: VisitCounter, name: 'visits' }]),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class ManagerModule {
  /** Provides a `Manager`; with `name`, one beside the default. `isGlobal` (default true) makes it injectable everywhere. */
  static forRoot(options: ManagerModuleOptions & { name?: string; isGlobal?: boolean } = {}): DynamicModule {
    const { name, isGlobal, ...rest } = checkOptions('manager', options);
    const token = optionsToken(name);
    return define(name, isGlobal, [], [{ provide: token, useValue: rest }]);
  }

  /** The same, with options that other providers make. `name` and `isGlobal` stand beside the factory. */
  static forRootAsync(options: AsyncOptions<ManagerModuleOptions> & { name?: string }): DynamicModule {
    const { name, isGlobal, imports = [] } = options;
    return define(name, isGlobal, imports, asyncOptionsProvider(optionsToken(name), 'ManagerModule', options));
  }

  /** Makes proxies of named objects injectable with `@InjectShared(type, name)`. `manager`: the name of the manager, if not the default. */
  static forFeature(features: readonly SharedFeature[], manager?: string): DynamicModule {
    const providers = features.map((feature): Provider => {
      const { type, name, args = [], keep, rebind, server } = feature;
      return {
        provide: getSharedToken(type, name, manager),
        useFactory: (from: Manager) => {
          const creators = server === undefined ? from : from.at(server);
          const options = { ...(keep !== undefined && { keep }), ...(rebind !== undefined && { rebind }) };
          return creators.named(name, options).lazy(type as string, ...args);
        },
        inject: [getManagerToken(manager)],
      };
    });
    return { module: ManagerModule, providers, exports: providers.map(tokenOf) };
  }
}

function optionsToken(name: string | undefined): string {
  return `${getManagerToken(name)}:options`;
}

function tokenOf(provider: Provider): InjectionToken {
  return typeof provider === 'function' ? provider : provider.provide;
}

function define(
  name: string | undefined,
  isGlobal: boolean | undefined,
  imports: NonNullable<DynamicModule['imports']>,
  optionProviders: Provider[],
): DynamicModule {
  const token = getManagerToken(name);
  const manager: Provider = {
    provide: token,
    useFactory: (options: ManagerModuleOptions) => makeManager(checkOptions('manager', options)),
    inject: [optionsToken(name)],
  };
  const lifecycle: Provider = {
    provide: `${token}:lifecycle`,
    useFactory: (made: Manager) => new ManagerLifecycle(made),
    inject: [token],
  };
  return {
    module: ManagerModule,
    global: isGlobal ?? true,
    imports,
    providers: [...optionProviders, manager, lifecycle],
    exports: [token],
  };
}

/** `own`: the server that the manager belongs to, if it is a server's own. */
export function makeManager(options: ManagerModuleOptions, own?: Pick<ManagerOptions, 'local' | 'foreign'>): Manager {
  return new Manager({ ...managerOptions(options, makeTransport(options)), ...own });
}

/** Connects with the application, without making it wait, and closes after everything that may still call. */
class ManagerLifecycle implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('Manager');

  constructor(private readonly manager: Manager) {}

  onModuleInit(): void {
    // An application comes up without Redis, and its calls wait; what can never work is said at once.
    this.manager.connect().catch((error: Error) => {
      // That the application closed before it was connected is no news.
      if (!(error instanceof ManagerClosedError)) this.#logger.error(error.message, error.stack);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.manager.close();
  }
}
