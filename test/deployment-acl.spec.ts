import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  createManagerServer,
  getManagerToken,
  Manager,
  ManagerModule,
  ManagerServerModule,
  SharedType,
} from 'nestjs-manager';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { until } from './support/until.js';

const GUIDE = readFileSync('docs/guides/deployment.md', 'utf8');

@SharedType()
class VisitCounter {
  #count = 0;
  increment(): number {
    return ++this.#count;
  }
}

let redis: RedisServer;
let admin: Redis;
let running: { close(): Promise<unknown> }[];
beforeEach(async () => {
  redis = await startRedis();
  admin = new Redis(redis.url);
  running = [];
});
afterEach(async () => {
  for (const each of running) await each.close();
  await admin.quit();
  await redis.stop();
});

it('gives a server and an application all the rights they need in the deployment guide', async () => {
  const [, block] = /^```redis\n(.*?)^```$/ms.exec(GUIDE) ?? [];
  const users = (block ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  expect(users.map(([, , user]) => user)).toEqual(['shop-server', 'shop-app']);
  for (const [, command, ...rights] of users) await admin.call('ACL', [command as string, ...rights]);
  const as = (index: number): string => {
    const [, , user, , password] = users[index] as string[];
    return `redis://${user}:${password?.slice(1)}@127.0.0.1:${redis.port}`;
  };

  @Module({
    imports: [ManagerServerModule.forRoot({ redis: as(0), namespace: 'shop', lease: 9000, types: [VisitCounter] })],
  })
  class ServerModule {}
  @Module({ imports: [ManagerModule.forRoot({ redis: as(1), namespace: 'shop' })] })
  class AppModule {}

  const server = await createManagerServer(ServerModule, { logger: ['error'] });
  running.unshift(server);
  await server.listen();
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  running.unshift(app);
  const manager = app.get<Manager>(getManagerToken());
  const visits = await manager.named('visits', { keep: 'referenced' }).create(VisitCounter);
  expect(await visits.increment()).toBe(1);
  await (await manager.create(VisitCounter))[Symbol.asyncDispose]();
  // Inboxes are trimmed when nothing has come for a while, and claims renewed.
  await Promise.all([ran('xtrim', 2), ran('set', 1)]);
  expect(await manager.unlink(VisitCounter, 'visits')).toBe(true);
  expect(await visits.increment()).toBe(2);
  for (const each of running.splice(0)) await each.close();

  const denied = (await admin.call('ACL', 'LOG')) as unknown[][];
  // ioredis names its connections where it may.
  expect(denied.map((entry) => entry[entry.indexOf('object') + 1]).filter((what) => what !== 'client|setname')).toEqual(
    [],
  );
});

/** Resolves when Redis ran a command, from now on, so many times. */
async function ran(command: string, times: number): Promise<void> {
  const calls = async (): Promise<number> =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await admin.info('commandstats'))?.[1] ?? 0);
  const wanted = (await calls()) + times;
  await until(calls, (now) => now >= wanted, { within: 10_000, what: command });
}
