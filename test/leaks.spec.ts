import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getManagerToken, InjectManager, InjectShared, Manager, ManagerModule, SharedProxy } from 'nestjs-manager';
import { createTestManager, expectNoLeakedReferences } from 'nestjs-manager/testing';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Stage } from './support/stage.js';
import { Counter } from './workers/types.js';

jest.setTimeout(30_000);

@Injectable()
class Visits {
  constructor(
    @InjectManager() readonly manager: Manager,
    @InjectShared(Counter, 'visits') readonly counter: SharedProxy<Counter>,
  ) {}

  async careless(): Promise<SharedProxy<Counter>> {
    await this.counter.increment();
    return this.manager.create(Counter);
  }
}

let redis: RedisServer;
let stage: Stage;
let application: TestingModule;

beforeAll(async () => {
  redis = await startRedis();
  stage = new Stage(redis);
  await stage.server();
  const { namespace } = stage;
  application = await Test.createTestingModule({
    imports: [
      ManagerModule.forRoot({ redis: redis.url, namespace, timeout: 5000 }),
      ManagerModule.forFeature([{ type: Counter, name: 'visits' }]),
    ],
    providers: [Visits],
  }).compile();
  await application.init();
});
afterAll(async () => {
  await application.close();
  await stage.close();
  await redis.stop();
});

describe('expectNoLeakedReferences() over Redis', () => {
  it('finds what a provider did not release, and the line, and no injected proxy', async () => {
    const manager = application.get<Manager>(getManagerToken());
    const left = await application.get(Visits).careless();
    await expect(expectNoLeakedReferences(manager, { within: 50 })).rejects.toThrow(
      /^1 object is still held after 50 ms\..*\n\n {2}Counter #\d+ at .*\n {4}this application, for .*, from test\/leaks\.spec\.ts:\d+:\d+$/,
    );
    await manager.release(left);
    await expectNoLeakedReferences(manager);
  });

  it('tells what another application left, and not what is injected there', async () => {
    const manager = application.get<Manager>(getManagerToken());
    const other = await stage.application({ application: 'other' });
    await other.ask('call', 0, 'increment');
    await expectNoLeakedReferences(manager);
    const left = await other.ask('create', 'Counter');
    await expect(expectNoLeakedReferences(manager, { within: 50 })).rejects.toThrow(/the application "other" on /);
    await other.ask('release', left);
    await expectNoLeakedReferences(manager);
  });
});

describe('a Nest application at a server in memory', () => {
  it('takes the transport of createTestManager()', async () => {
    await using test = await createTestManager({ types: [Counter] });
    const module = await Test.createTestingModule({
      imports: [
        ManagerModule.forRoot({ transport: test.transport }),
        ManagerModule.forFeature([{ type: Counter, name: 'visits' }]),
      ],
      providers: [Visits],
    }).compile();
    const left = await module.get(Visits).careless();
    await expect(expectNoLeakedReferences(test.manager, { within: 50 })).rejects.toThrow(/^1 object /);
    await module.get(Visits).manager.release(left);
    await expectNoLeakedReferences(test.manager);
    await module.close();
  });
});
