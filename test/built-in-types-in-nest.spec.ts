import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConfigurationError,
  Dict,
  InjectManager,
  InjectShared,
  Lock,
  Manager,
  ManagerModule,
  NoTaskError,
  Pool,
  Queue,
  RLock,
  SharedProxy,
} from 'nestjs-manager';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Stage } from './support/stage.js';

jest.setTimeout(30_000);

const TASKS = new URL('../libs/manager/src/types/pool/fixtures/', import.meta.url);

type Tasks = Record<'square' | 'missing', (number: number) => number>;

interface Job {
  id: number;
}

@Injectable()
class Works {
  constructor(
    @InjectManager() readonly manager: Manager,
    @InjectShared(Queue, 'jobs') readonly jobs: SharedProxy<Queue<Job>>,
    @InjectShared(Lock, 'press') readonly press: SharedProxy<Lock>,
    @InjectShared(RLock, 'tree') readonly tree: SharedProxy<RLock>,
    @InjectShared(Dict, 'done') readonly done: SharedProxy<Dict<string, number>>,
    @InjectShared(Pool, 'squares') readonly squares: SharedProxy<Pool<Tasks>>,
  ) {}
}

let redis: RedisServer;
let stage: Stage;
const open: INestApplicationContext[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  for (const app of open.splice(0).reverse()) await app.close();
  await stage.close();
});
afterAll(() => redis.stop());

const start = async (): Promise<Works> => {
  @Module({
    imports: [
      ManagerModule.forRoot({ redis: redis.url, namespace: stage.namespace, timeout: 10_000 }),
      ManagerModule.forFeature([
        { type: Queue, name: 'jobs', args: [2] },
        { type: Lock, name: 'press' },
        { type: RLock, name: 'tree' },
        { type: Dict, name: 'done' },
        { type: Pool, name: 'squares', args: [2, { tasks: 'tasks.mjs' }] },
      ]),
    ],
    providers: [Works],
  })
  class WorksModule {}
  const app = await NestFactory.createApplicationContext(WorksModule, { logger: false, abortOnError: false });
  open.push(app);
  return app.get(Works);
};

it('built-in types are injected, and work with a server that comes later', async () => {
  stage = new Stage(redis);
  const producer = await start();
  const consumer = await start();
  const before = producer.press.runExclusive(({ fence }) => fence);
  await stage.server();
  expect(typeof (await before)).toBe('bigint');

  const work = (async () => {
    for await (const { id } of consumer.jobs) {
      await consumer.press.runExclusive(async () => {
        const count = (await consumer.done.get('count')) ?? 0;
        await consumer.done.set('count', count + id);
      });
      await consumer.jobs.taskDone();
    }
  })();
  for (let id = 1; id <= 10; id++) await producer.jobs.put({ id });
  await producer.jobs.join();
  await producer.jobs.shutdown();
  await work;
  expect(await producer.done.get('count')).toBe(55);
  expect(await producer.manager.copyOf(producer.done)).toEqual(new Map([['count', 55]]));
});

it('two requests of one application are two owners', async () => {
  stage = new Stage(redis);
  await stage.server();
  const { manager, tree } = await start();
  await expect(tree.acquire()).rejects.toBeInstanceOf(NoTaskError);
  const order: string[] = [];
  const request = (name: string): Promise<void> =>
    manager.task(async () => {
      await tree.acquire();
      await tree.acquire();
      order.push(`${name} begins`);
      await tree.release();
      order.push(`${name} ends`);
      await tree.release();
    });
  await Promise.all([request('one'), request('two')]);
  expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});

it('a pool is injected, and runs the modules that its server allows', async () => {
  stage = new Stage(redis);
  const { manager, squares } = await start();
  const first = squares.map('square', [1, 2, 3]);
  await stage.server({ pools: { modules: [TASKS.href] } });
  expect(await first).toEqual([1, 4, 9]);
  const endless = function* (): Generator<number> {
    for (let number = 0; ; number++) yield number;
  };
  const seen: number[] = [];
  for await (const square of await squares.imap('square', endless())) {
    if (seen.push(square) === 4) break;
  }
  expect(seen).toEqual([0, 1, 4, 9]);
  await expect(squares.apply('missing', [1])).rejects.toBeInstanceOf(RangeError);
  await expect(manager.pool(1, { tasks: import.meta.url })).rejects.toBeInstanceOf(ConfigurationError);
});
