import { Module, type DynamicModule } from '@nestjs/common';
import { ManagerServerModule } from 'nestjs-manager';
import type { NestModule } from './module-loader.js';
import type { Settings } from './settings.js';

/** What a `NestFactory` takes. Each call gives a class of its own, since Nest keeps what it knows by class. */
export function serverModule(settings: Settings, hosted: readonly NestModule[]): new () => object {
  const { name, redis, namespace, listen, authkey, lease, takeover, closeTimeout, limits } = settings;
  const manager: DynamicModule = ManagerServerModule.forRoot({
    name,
    ...(listen === undefined ? { redis } : { listen }),
    ...(authkey && { authkey }),
    namespace,
    lease,
    takeover,
    closeTimeout,
    limits,
  });

  @Module({ imports: [manager, ...hosted] })
  class ServerModule {}

  return ServerModule;
}
