import 'reflect-metadata';
import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectManager, Manager, ManagerServerModule } from 'nestjs-manager';

/** Fails when its server has opened the socket: the server's own manager is connected by it. */
@Module({ imports: [ManagerServerModule.forRoot()] })
export default class FailingModule implements OnApplicationBootstrap {
  constructor(@InjectManager() private readonly manager: Manager) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.manager.connect();
    throw new RangeError('no disk for this server');
  }
}
