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
  SharedProxy,
  SharedType,
} from 'nestjs-manager';
import type { ManagerModuleOptions, ManagerServerModuleOptions } from 'nestjs-manager';
import type { BenchContext, Objects, System } from './system.js';

/** What the options of both sides have in common. */
export type Medium = Pick<ManagerModuleOptions & ManagerServerModuleOptions, 'redis' | 'namespace' | 'authkey'>;

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

function serverModule(medium: Medium) {
  @Module({ imports: [ManagerServerModule.forRoot({ name: 'bench', ...medium, types: [VisitCounter] })] })
  class ServerModule {}
  return ServerModule;
}

function clientModule(medium: Medium) {
  @Module({
    imports: [ManagerModule.forRoot(medium), ManagerModule.forFeature([{ type: VisitCounter, name: 'visits' }])],
    providers: [Visits],
  })
  class ClientModule {}
  return ClientModule;
}

/** The library over one medium. */
export const ours = (medium: (context: BenchContext) => Medium): System => ({
  async serve(context) {
    const app = await createManagerServer(serverModule(medium(context)), { logger: [...logger] });
    await app.listen();
    return { stop: () => app.close() };
  },

  async connect(context) {
    const app = await NestFactory.createApplicationContext(clientModule(medium(context)), {
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
      native: app,
      close: () => app.close(),
    };
  },
});
