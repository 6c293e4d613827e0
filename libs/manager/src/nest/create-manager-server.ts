import type { INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { ManagerServerStrategy } from './manager-server.strategy.js';
import { overridden, type ServerOverrides } from './server-overrides.js';

/** Nest's own options: its interface is not exported by every version. */
type ContextOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/** Those of Nest, and where the server listens. */
export type ManagerServerOptions = ContextOptions & {
  /**
   * Address to listen at, without Redis: `unix:///path` or `tcp://host:port`, where port 0 is any that is free. It takes the
   * place of the module's medium. @default none: the module's
   */
  listen?: string;
};

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
export function createManagerServer(
  module: Type<unknown>,
  { listen, ...options }: ManagerServerOptions = {},
): Promise<INestMicroservice> {
  return createServer(module, options, listen === undefined ? undefined : { listen });
}

/** The same, of a server that is told what its module may not know. */
export function createServer(
  module: Type<unknown>,
  options: ContextOptions,
  overrides: ServerOverrides | undefined,
): Promise<INestMicroservice> {
  return NestFactory.createMicroservice<AsyncMicroserviceOptions>(overrides ? overridden(module, overrides) : module, {
    ...(options as object),
    inject: [ManagerServerStrategy],
    useFactory: (strategy: ManagerServerStrategy) => ({ strategy }),
  });
}
