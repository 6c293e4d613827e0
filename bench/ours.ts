// The library through its whole stack, as an application uses it: a decorated type, a hosted object, an injected typed proxy.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  createManagerServer,
  InjectManager,
  InjectShared,
  Manager,
  ManagerModule,
  ManagerServerModule,
  ManagerServerStrategy,
  SharedProxy,
  SharedType,
} from 'nestjs-manager';
import type { ManagerModuleOptions, ManagerServerModuleOptions } from 'nestjs-manager';
import { TASKS, THREADS } from './pools.js';
import { BLOCK_BYTES, type BenchContext, type Objects, type System } from './system.js';

const logger = ['warn', 'error', 'fatal'] as const;

@SharedType()
class VisitCounter {
  #count = 0;

  increment(by = 1): number {
    return (this.#count += by);
  }

  *countUp(items: number): Generator<number> {
    for (let i = 0; i < items; i++) yield i;
  }
}

@Injectable()
class Visits {
  constructor(
    @InjectManager() readonly manager: Manager,
    @InjectShared(VisitCounter, 'visits') readonly counter: SharedProxy<VisitCounter>,
  ) {}
}

function serverModule(medium: ManagerServerModuleOptions) {
  @Module({ imports: [ManagerServerModule.forRoot({ name: 'bench', ...medium, types: [VisitCounter] })] })
  class ServerModule {}
  return ServerModule;
}

function clientModule(medium: ManagerModuleOptions) {
  @Module({
    imports: [ManagerModule.forRoot(medium), ManagerModule.forFeature([{ type: VisitCounter, name: 'visits' }])],
    providers: [Visits],
  })
  class ClientModule {}
  return ClientModule;
}

/** The library over one medium: of the server, and of the client, which is told where the server listens if it does. */
export const ours = (
  served: (context: BenchContext) => ManagerServerModuleOptions,
  reached: (context: BenchContext, address: string | undefined) => ManagerModuleOptions,
): System => ({
  async serve(context) {
    const app = await createManagerServer(serverModule(served(context)), { logger: [...logger] });
    await app.listen();
    const { address } = app.get(ManagerServerStrategy);
    return { ...(address !== undefined && { address }), stop: () => app.close() };
  },

  async connect(context, address) {
    const app = await NestFactory.createApplicationContext(clientModule(reached(context, address)), {
      logger: ['warn', 'error', 'fatal'],
    });
    const { manager, counter } = app.get(Visits);
    const objects: Objects<SharedProxy<VisitCounter>> = {
      create: () => manager.create(VisitCounter),
      release: (proxy) => manager.release(proxy),
      count: () => manager.numberOfObjects(),
    };
    return {
      call: (by) => counter.increment(by),
      stream: (items) => counter.countUp(items),
      objects,
      queue: async () => manager.named('queue').queue<number>(),
      lock: async (name) => manager.named(name).lock(),
      dict: async () => manager.named('dict').dict<string, number>(),
      block: async () => manager.named('block').sharedMemory(BLOCK_BYTES),
      async pool() {
        const pool = await manager.named('pool').pool(THREADS, { tasks: TASKS });
        return { run: (number) => pool.apply('square', [number]), map: (numbers) => pool.map('square', numbers) };
      },
      native: app,
      close: () => app.close(),
    };
  },
});
