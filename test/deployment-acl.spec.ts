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

const authkey = 'as in the guide: thirty-two random bytes';

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
  const users = usersOfGuide();
  expect(users.map(([, , user]) => user)).toEqual(['shop-server', 'shop-app']);
  for (const [, command, ...rights] of users) await admin.call('ACL', [command as string, ...rights]);
  const as = (index: number): string => {
    const [, , user, , password] = users[index] as string[];
    return `redis://${user}:${password?.slice(1)}@127.0.0.1:${redis.port}`;
  };

  @Module({
    imports: [
      ManagerServerModule.forRoot({ redis: as(0), namespace: 'shop', authkey, lease: 9000, types: [VisitCounter] }),
    ],
  })
  class ServerModule {}
  @Module({ imports: [ManagerModule.forRoot({ redis: as(1), namespace: 'shop', authkey })] })
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
  // Names, references, tickets, waiting and iteration of the types that come with the library.
  await using queue = await manager.named('jobs').queue();
  await using lock = await manager.lock();
  const got = queue.get();
  await lock.runExclusive(async () => queue.put(visits));
  expect(manager.isProxy(await got)).toBe(true);
  await using redeemed = await manager.redeem<VisitCounter>(await manager.ticket(visits));
  expect(manager.token(redeemed)).toEqual(manager.token(visits));
  await using list = await manager.list([1, 2, 3]);
  const items: number[] = [];
  for await (const item of list) items.push(item);
  expect(items).toEqual([1, 2, 3]);
  expect(await manager.ping()).toBeGreaterThanOrEqual(0);
  expect((await manager.debugInfo()).servers).toHaveLength(1);
  // An inbox in which somebody wrote with an id of the future is made anew.
  const [inbox] = await admin.keys('shop:{c-*}:frames');
  await admin.xadd(inbox as string, '18446744073709551615-1', 'f', 'no frame');
  expect(await list.length()).toBe(3);
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

it('gives an application no right to claim a name, to announce a server, or to see another namespace', async () => {
  const users = usersOfGuide();
  for (const [, command, ...rights] of users) await admin.call('ACL', [command as string, ...rights]);
  const [, , user, , password] = users[1] as string[];
  const app = new Redis(redis.port, { username: user as string, password: (password as string).slice(1) });
  const denied = async (command: string, ...args: string[]): Promise<string> =>
    app.call(command, ...args).then(
      () => `${command} was allowed`,
      (error: Error) => error.message.slice(0, 6),
    );
  const refused = await Promise.all([
    denied('SET', 'shop:{default}:server', '1'),
    denied('HSET', 'shop:{servers}:directory', 'evil', '{}'),
    denied('DEL', 'shop:{VisitCounter:visits}:name'),
    denied('GET', 'shop:{VisitCounter:visits}:name'),
    denied('XADD', 'other:{s-default-1}:frames', '*', 'f', 'x'),
    denied('XREAD', 'STREAMS', 'other:{c-x}:frames', '0'),
    denied('EVAL', "return redis.call('SET', KEYS[1], '1')", '1', 'shop:{default}:server'),
    denied('KEYS', '*'),
    denied('SCAN', '0'),
    denied('PUBLISH', 'channel', 'x'),
    denied('CONFIG', 'GET', '*'),
    denied('FLUSHALL'),
    denied('SCRIPT', 'FLUSH'),
  ]);
  expect(refused.filter((answer) => !/^(NOPERM|ERR)/.test(answer))).toEqual([]);
  await app.quit();
});

/** The commands of the guide, word by word. */
function usersOfGuide(): string[][] {
  const [, block] = /^```redis\n(.*?)^```$/ms.exec(GUIDE) ?? [];
  return (block ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
}

/** Resolves when Redis ran a command, from now on, so many times. */
async function ran(command: string, times: number): Promise<void> {
  const calls = async (): Promise<number> =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await admin.info('commandstats'))?.[1] ?? 0);
  const wanted = (await calls()) + times;
  await until(calls, (now) => now >= wanted, { within: 10_000, what: command });
}
