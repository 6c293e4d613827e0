import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConfigurationError,
  createManagerServer,
  ManagerModule,
  ManagerServerModule,
  SharedFactory,
  SharedType,
} from 'nestjs-manager';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Counter } from './workers/types.js';

jest.setTimeout(20_000);

class Undecorated {
  run(): void {}
}

@SharedType({ typeid: 'Counter' })
class OtherCounter {
  run(): void {}
}

@SharedType({ exposed: ['then'] })
class Thenable {
  // oxlint-disable-next-line unicorn/no-thenable -- what a user may try
  then(): void {}
}

@SharedType({ exposed: ['onModuleInit'] })
class Hooked {
  onModuleInit(): void {}
}

@SharedType({ exposed: ['missing' as never] })
class Missing {}

@SharedType({ waits: ['value' as never] })
class Waiting {
  run(): void {}
}

@Injectable()
class Factories {
  @SharedFactory({ typeid: 'Counter', type: Undecorated })
  make(): Undecorated {
    return new Undecorated();
  }
}

describe('the bootstrap fails, and says why,', () => {
  let redis: RedisServer;
  beforeAll(async () => void (redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })));
  afterAll(() => redis.stop());

  const moduleOf = (imports: DynamicModule[], providers: Type<unknown>[] = []): Type<unknown> => {
    @Module({ imports, providers })
    class AppModule {}
    return AppModule;
  };

  const bootManager = async (make: () => DynamicModule): Promise<void> => {
    const quiet = { logger: false, abortOnError: false } as const;
    const app = await NestFactory.createApplicationContext(moduleOf([make()]), quiet);
    await app.close();
  };

  const bootServer = async (make: () => DynamicModule, providers: Type<unknown>[] = []): Promise<void> => {
    const quiet = { logger: false, abortOnError: false } as const;
    const app = await createManagerServer(moduleOf([make()], providers), quiet);
    try {
      await app.listen();
    } finally {
      await app.close();
    }
  };

  const expectRefused = async (booting: Promise<void>, message: RegExp): Promise<void> => {
    const error: unknown = await booting.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  };

  it.each([
    ['an option that there is not', { redisUrl: 'redis://localhost' }, /no option "redisUrl"/],
    ['an option of servers', { lease: 3000 }, /no option "lease"/],
    ['an authkey that is too short', { authkey: 'secret' }, /An `authkey` must be 16 bytes long at least/],
    ['an impossible timeout', { timeout: -1 }, /timeout/],
    ['a timeout that is no number', { timeout: '3s' }, /timeout/],
    ['a namespace with braces', { namespace: 'a{b}' }, /namespace/],
    ['an empty namespace', { namespace: '' }, /namespace/],
    ['an unknown limit', { limits: { megabytes: 3 } }, /megabytes/],
    ['an impossible limit', { limits: { depth: 0 } }, /depth/],
    [
      'TLS of an embedded server that is none',
      { embedded: { address: 'tcp://127.0.0.1:1', tls: 'yes' } },
      /embedded\.tls/,
    ],
    ['Redis and another medium', { redis: 'redis://localhost', transport: () => undefined }, /redis.*transport/],
  ])('of a manager with %s', async (_, options, message) => {
    await expectRefused(
      bootManager(() => ManagerModule.forRoot(options as never)),
      message,
    );
    await expectRefused(
      bootManager(() => ManagerModule.forRootAsync({ useFactory: () => options as never })),
      message,
    );
  });

  it('of a manager without a way to its options', () =>
    expectRefused(
      bootManager(() => ManagerModule.forRootAsync({})),
      /useFactory.*useClass.*useExisting/,
    ));

  it.each([
    ['an option that there is not', { leese: 3000 }, /no option "leese"/],
    ['an authkey that is too short', { authkey: 'secret' }, /An `authkey` must be 16 bytes long at least/],
    ['an impossible lease', { lease: 0 }, /lease/],
    ['a lease that is no number', { lease: Number.NaN }, /lease/],
    ['a name that cannot be one', { name: 'two words' }, /name/],
    ['TLS that is for a socket', { tls: {} }, /`tls`.*`redis`/],
    ['types that are no list', { types: Counter }, /types/],
    ['a class that is no shared type', { types: [Undecorated] }, /Undecorated/],
    ['a typeid twice', { types: [Counter, OtherCounter] }, /"Counter".*twice/],
    ['a reserved name exposed', { types: [Thenable] }, /"then".*reserved/],
    ['a hook of Nest exposed', { types: [Hooked] }, /"onModuleInit".*reserved/],
    ['an exposed name that is no method', { types: [Missing] }, /"missing"/],
    ['a waiting member that is not exposed', { types: [Waiting] }, /"value"/],
  ])('of a server with %s', async (_, options, message) => {
    const medium = { redis: 'redis://127.0.0.1:1' };
    await expectRefused(
      bootServer(() => ManagerServerModule.forRoot({ ...medium, ...(options as object) })),
      message,
    );
    await expectRefused(
      bootServer(() =>
        ManagerServerModule.forRootAsync({ useFactory: () => ({ ...medium, ...(options as object) }) as never }),
      ),
      message,
    );
  });

  it('of a server with a factory for a typeid that is there already', () =>
    expectRefused(
      bootServer(() => ManagerServerModule.forRoot({ redis: 'redis://127.0.0.1:1', types: [Counter] }), [Factories]),
      /"Counter".*twice/,
    ));

  it('of a server whose Redis may evict its keys', () =>
    expectRefused(
      bootServer(() => ManagerServerModule.forRoot({ redis: redis.url, types: [Counter] })),
      /maxmemory-policy allkeys-lru/,
    ));
});
