// What Nest itself offers for a remote call over Redis: a message pattern, and a client whose answers are awaited.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type ClientProxy,
  ClientsModule,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  type RedisOptions,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { BenchContext, System } from '../system.js';

const CLIENT = 'BENCH_CLIENT';
const logger = ['warn', 'error', 'fatal'] as const;

@Controller()
class VisitController {
  #count = 0;

  @MessagePattern('increment')
  increment(@Payload() by: number): number {
    return (this.#count += by);
  }
}

@Module({ controllers: [VisitController] })
class ServerModule {}

function transport({ redisUrl }: BenchContext): RedisOptions {
  const { hostname, port, username, password, pathname } = new URL(redisUrl);
  return {
    transport: Transport.REDIS,
    options: {
      host: hostname,
      port: Number(port || 6379),
      ...(username && { username }),
      ...(password && { password }),
      db: Number(pathname.slice(1) || 0),
      retryAttempts: 5,
    },
  };
}

export default {
  async serve(context) {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
      ...transport(context),
      logger: [...logger],
    });
    await app.listen();
    return { stop: () => app.close() };
  },

  async connect(context) {
    const module = ClientsModule.register([{ name: CLIENT, ...transport(context) }]);
    const app = await NestFactory.createApplicationContext(module, { logger: [...logger] });
    const client = app.get<ClientProxy>(CLIENT);
    await client.connect();
    return {
      call: (by) => firstValueFrom(client.send<number>('increment', by)),
      native: client,
      close: () => app.close(),
    };
  },
} satisfies System;
