import type { INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { ManagerServerStrategy } from './manager-server.strategy.js';

/** Nest's own options: its interface is not exported by every version. */
type ContextOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/**
 * Makes a Nest microservice of a module that imports `ManagerServerModule.forRoot`. It hosts shared objects from
 * `listen()` to `close()`. For an orderly close at a signal, call `app.enableShutdownHooks(['SIGTERM', 'SIGINT'])`.
 *
 * @example
 * ```ts
 * const app = await createManagerServer(ServerModule);
 * app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
 * await app.listen();
 * ```
 */
export function createManagerServer(module: Type<unknown>, options: ContextOptions = {}): Promise<INestMicroservice> {
  return NestFactory.createMicroservice<AsyncMicroserviceOptions>(module, {
    ...(options as object),
    inject: [ManagerServerStrategy],
    useFactory: (strategy: ManagerServerStrategy) => ({ strategy }),
  });
}
