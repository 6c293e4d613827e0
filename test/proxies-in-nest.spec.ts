import 'reflect-metadata';
import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { format, inspect, isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import {
  getManagerToken,
  getSharedToken,
  InjectManager,
  InjectShared,
  Manager,
  ManagerModule,
  ManagerServerModule,
  ManagerServerStrategy,
  SharedProxy,
  sharedType,
  type ManagerModuleOptions,
  type OptionsFactory,
} from 'nestjs-manager';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage, type ServerWorker } from './support/stage.js';
import { until } from './support/until.js';
import { Counter, Room, Thing, type Family } from './workers/types.js';

jest.setTimeout(30_000);

const FamilyType = sharedType<Family, [children: number]>('Family');
const SlowRoom = sharedType<Room, [name: string, ms: number]>('SlowRoom');

let redis: RedisServer;
let stage: Stage;
let server: ServerWorker;
let client: Redis;
const open: INestApplicationContext[] = [];

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  stage = new Stage(redis);
  server = await stage.server();
});
afterEach(async () => {
  for (const app of open.splice(0).reverse()) await app.close();
});
afterAll(async () => {
  client.disconnect();
  await stage.close();
  await redis.stop();
});

const options = (namespace = stage.namespace): ManagerModuleOptions => ({ redis: redis.url, namespace, timeout: 5000 });

/** A running application of this module; closed after the test. */
const start = async (module: Type<unknown>): Promise<INestApplicationContext> => {
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  open.push(app);
  return app;
};

@Injectable()
class Visits {
  constructor(
    @InjectManager() readonly manager: Manager,
    @InjectShared(Counter, 'visits') readonly counter: SharedProxy<Counter>,
  ) {}
}

const visitsModule = (given: ManagerModuleOptions): Type<unknown> => {
  @Module({
    imports: [ManagerModule.forRoot(given), ManagerModule.forFeature([{ type: Counter, name: 'visits' }])],
    providers: [Visits, { provide: 'alias', useExisting: getSharedToken(Counter, 'visits') }],
  })
  class VisitsModule {}
  return VisitsModule;
};

const startVisits = async (given = options()): Promise<Visits> => (await start(visitsModule(given))).get(Visits);

describe('a proxy', () => {
  /** How many frames the server was ever sent: each remote call is in one, and beats are not. */
  const framesSent = async (): Promise<number> => {
    let last = -1;
    for (;;) {
      let sum = 0;
      for (const key of await client.keys(`${stage.namespace}:{s-*}:frames`)) {
        const info = (await client.call('XINFO', 'STREAM', key)) as unknown[];
        sum += Number(info[info.indexOf('entries-added') + 1]);
      }
      // Acknowledgements follow calls within some ms.
      if (sum === last) return sum;
      last = sum;
      await sleep(100);
    }
  };

  const probe = async (proxy: object): Promise<void> => {
    // oxlint-disable-next-line typescript/await-thenable -- what is shown: it is none
    expect(await proxy).toBe(proxy);
    expect(await Promise.resolve(proxy)).toBe(proxy);
    expect(JSON.stringify({ proxy })).toBe('{"proxy":{"$shared":"Counter"}}');
    expect(inspect(proxy)).toMatch(/^SharedProxy<Counter> \{ .* \}$/);
    expect(inspect({ deep: [proxy] }, { showProxy: true, showHidden: true })).toContain('SharedProxy<Counter>');
    const output = new PassThrough();
    const printer = new Console(output);
    printer.log(proxy, '%s %o %j', proxy, proxy, proxy);
    printer.table([proxy]);
    printer.dir(proxy);
    expect(format('%s %o %O %j', proxy, proxy, proxy, proxy)).toContain('SharedProxy<Counter>');
    // oxlint-disable-next-line typescript/no-base-to-string -- as loggers do
    expect(String(proxy)).toBe('[object SharedProxy]');
    expect(isDeepStrictEqual(proxy, {})).toBe(false);
    expect(proxy).toEqual(proxy);
    expect({ proxy }).toEqual({ proxy: expect.anything() });
    expect(proxy).not.toEqual({ increment: 1 });
    expect(proxy).not.toMatchObject({ increment: 1 });
    expect(() => expect(proxy).toEqual({ increment: 1 })).toThrow(/SharedProxy|increment/);
    expect(proxy).toBeInstanceOf(Object);
    expect([proxy]).toContain(proxy);
    expect(Object.keys(proxy)).toEqual([]);
    for (const name in proxy) expect(name).toBe('nothing is enumerable');
    expect(proxy instanceof Promise).toBe(false);
    expect('then' in proxy).toBe(false);
  };

  it('makes no remote call where it is only looked at', async () => {
    const constructed = async (): Promise<unknown> => (await server.ask('noted'))['new Counter'];
    const frames = await framesSent();
    const app = await start(visitsModule(options()));
    const { counter, manager } = app.get(Visits);
    expect(app.get('alias')).toBe(counter);
    await probe(counter);
    expect(await framesSent()).toBe(frames);
    expect(await constructed()).toBeUndefined();

    // The same once it knows its object, and for one that was created.
    expect(await counter.increment()).toBe(1);
    const created = await manager.create(Counter);
    const called = await framesSent();
    expect(called).toBeGreaterThan(frames);
    await probe(counter);
    await probe(created);
    await probe(manager.with(counter, { timeout: 100 }));
    expect(await framesSent()).toBe(called);
    expect(await constructed()).toBe(2);
    await app.close();
    open.length = 0;
    expect((await server.ask('noted'))['increment']).toBe(1);
  });

  it('that was injected before its server was there works once it is', async () => {
    const later = new Stage(redis);
    try {
      const { counter } = await startVisits({ ...options(later.namespace), timeout: 15_000 });
      const calls = [counter.increment(), counter.increment(), counter.increment()];
      await sleep(200);
      await later.server();
      expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    } finally {
      await later.close();
    }
  });

  it('says after its timeout that nothing was executed, without a server and without Redis', async () => {
    const nowhere = [options('nobody-is-here'), { redis: 'redis://127.0.0.1:1', namespace: 'x' }];
    await Promise.all(
      nowhere.map(async (given) => {
        const { counter, manager } = await startVisits({ ...given, timeout: 700 });
        const since = performance.now();
        const failure = { code: 'ERR_MANAGER_SERVER_UNAVAILABLE', fate: 'not-executed', retryable: true };
        const failures = [
          expect(counter.increment()).rejects.toMatchObject(failure),
          expect(manager.create(Counter)).rejects.toMatchObject(failure),
          expect(manager.get(Counter, 'other')).rejects.toMatchObject(failure),
          expect(manager.ping()).rejects.toMatchObject(failure),
        ];
        await Promise.all(failures);
        expect(performance.now() - since).toBeGreaterThanOrEqual(690);
        expect(performance.now() - since).toBeLessThan(2500);
      }),
    );
  });

  it('waits no longer than its call may, while Redis hangs', async () => {
    const own = await startRedis();
    const elsewhere = new Stage(own);
    try {
      await elsewhere.server();
      const { counter, manager } = await startVisits({ redis: own.url, namespace: elsewhere.namespace, timeout: 5000 });
      await counter.value();
      own.pause();
      const since = performance.now();
      await expect(manager.with(counter, { timeout: 500 }).increment()).rejects.toMatchObject({
        code: 'ERR_MANAGER_CALL_TIMEOUT',
        fate: expect.stringMatching(/unknown|not-executed/),
      });
      expect(performance.now() - since).toBeLessThan(1500);
      own.resume();
      expect([0, 1]).toContain(await counter.value());
    } finally {
      await elsewhere.close();
      for (const app of open.splice(0)) await app.close();
      await own.stop();
    }
  });
});

describe('the modules', () => {
  it('stand side by side under names of their own', async () => {
    const other = new Stage(redis);
    @Injectable()
    class Both {
      constructor(
        @InjectManager() readonly first: Manager,
        @InjectManager('other') readonly second: Manager,
        @InjectShared(Counter, 'visits') readonly counter: SharedProxy<Counter>,
        @InjectShared(Counter, 'visits', 'other') readonly otherCounter: SharedProxy<Counter>,
      ) {}
    }
    @Module({
      imports: [
        ManagerModule.forRoot(options(other.namespace)),
        ManagerModule.forRoot({ ...options(), name: 'other' }),
        ManagerModule.forFeature([{ type: Counter, name: 'visits', args: [100] }]),
        ManagerModule.forFeature([{ type: Counter, name: 'visits' }], 'other'),
      ],
      providers: [Both],
    })
    class BothModule {}
    try {
      await other.server();
      const both = (await start(BothModule)).get(Both);
      expect(both.first).not.toBe(both.second);
      expect(await both.counter.increment()).toBe(101);
      expect(await both.otherCounter.increment()).toBeLessThan(100);
    } finally {
      for (const app of open.splice(0)) await app.close();
      await other.close();
    }
  });

  it('take their options from a factory, a class, or a provider', async () => {
    @Injectable()
    class Settings implements OptionsFactory<ManagerModuleOptions> {
      async createOptions(): Promise<ManagerModuleOptions> {
        await sleep(5);
        return options();
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    @Module({
      imports: [
        ManagerModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) => settings.createOptions(),
        }),
        ManagerModule.forRootAsync({ name: 'class', useClass: Settings }),
        ManagerModule.forRootAsync({ name: 'existing', imports: [SettingsModule], useExisting: Settings }),
      ],
    })
    class AsyncModule {}
    const app = await start(AsyncModule);
    for (const name of [undefined, 'class', 'existing']) {
      const manager = app.get<Manager>(getManagerToken(name));
      await using counter = await manager.create(Counter, 5);
      expect(await counter.increment()).toBe(6);
    }
  });

  it('keep, make, rebind and place an object as forFeature says', async () => {
    const second = await stage.server({ name: 'second' });
    @Module({
      imports: [
        ManagerModule.forRoot(options()),
        ManagerModule.forFeature([
          { type: Counter, name: 'placed', args: [40], server: 'second' },
          { type: Counter, name: 'referenced', keep: 'referenced', server: 'default' },
          { type: 'Counter', name: 'faithful', args: [7], rebind: false, server: 'second' },
        ]),
      ],
    })
    class FeatureModule {}
    const app = await start(FeatureModule);
    const manager = app.get<Manager>(getManagerToken());
    const proxy = (name: string): SharedProxy<Counter> => app.get(getSharedToken(Counter, name));
    expect(await proxy('placed').increment()).toBe(41);
    expect(manager.token(proxy('placed'))?.server).toBe('second');
    expect(await proxy('faithful').increment()).toBe(8);
    expect(await proxy('referenced').increment()).toBe(1);
    expect(manager.token(proxy('referenced'))?.server).toBe('default');
    const names = async (): Promise<unknown[]> =>
      (await manager.debugInfo()).servers.flatMap(({ objects }) => objects.map(({ name }) => name));
    expect(await names()).toEqual(expect.arrayContaining(['placed', 'referenced', 'faithful']));

    await manager.release(proxy('referenced'));
    await until(names, (left) => !left.includes('referenced'), { within: 1000 });

    second.signal('SIGTERM');
    await second.exited;
    const third = await stage.server({ name: 'second' });
    const lost = { code: 'ERR_MANAGER_OBJECT_LOST' };
    await expect(proxy('placed').increment()).rejects.toMatchObject(lost);
    expect(await proxy('placed').increment()).toBe(41);
    await expect(proxy('faithful').increment()).rejects.toMatchObject(lost);
    await expect(proxy('faithful').increment()).rejects.toMatchObject(lost);
    third.signal('SIGTERM');
    await third.exited;
  });

  it('let a test put something else in the place of a manager and of a proxy', async () => {
    const module = await Test.createTestingModule({ imports: [visitsModule({ redis: 'redis://127.0.0.1:1' })] })
      .overrideProvider(getManagerToken())
      .useValue({ close: () => Promise.resolve(), connect: () => Promise.resolve() })
      .overrideProvider(getSharedToken(Counter, 'visits'))
      .useValue({ increment: () => Promise.resolve(42) })
      .compile();
    await module.init();
    expect(await module.get(Visits).counter.increment()).toBe(42);
    await module.close();
  });

  it('give back what an application held when it closes', async () => {
    const watcher = (await startVisits()).manager;
    const before = await watcher.numberOfObjects();
    const app = await start(visitsModule(options()));
    const { manager } = app.get(Visits);
    const things = await Promise.all(Array.from({ length: 20 }, () => manager.create(Thing)));
    expect(await watcher.numberOfObjects()).toBe(before + 20);
    const since = performance.now();
    await app.close();
    expect(await watcher.numberOfObjects()).toBe(before);
    expect(performance.now() - since).toBeLessThan(LEASE / 2);
    await expect(things[0]?.ping()).rejects.toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
    await expect(manager.create(Thing)).rejects.toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
  });
});

describe('in a manager server', () => {
  it('a factory is a method of a provider, and may make objects in its own server', async () => {
    const { manager } = await startVisits();
    const families = await Promise.all([2, 3].map((children) => manager.create(FamilyType, children)));
    const told = await Promise.all(families.map((family) => family.describe()));
    expect(told).toEqual([
      expect.stringMatching(/^Family \d of 7\+7: [25]$/),
      expect.stringMatching(/^Family \d of 7\+7\+7: [35]$/),
    ]);
    const { servers } = await manager.debugInfo();
    const children = servers.flatMap(({ objects }) => objects).find(({ name }) => name === 'children of all families');
    // What the factory did not keep it had for its call.
    expect(children?.holders.map(({ kind }) => kind)).toEqual(['name']);
  });

  it('a slow constructor delays nobody else', async () => {
    const { manager, counter } = await startVisits();
    await counter.value();
    const slow = manager.create(SlowRoom, 'slow', 1500);
    const named = manager.get(SlowRoom, 'slow', 'slow', 1500);
    let calls = 0;
    let slowest = 0;
    for (const since = performance.now(); performance.now() - since < 1000; calls++) {
      const called = performance.now();
      await counter.value();
      await using thing = await manager.create(Thing);
      await thing.ping();
      slowest = Math.max(slowest, performance.now() - called);
    }
    expect(calls).toBeGreaterThan(20);
    expect(slowest).toBeLessThan(700);
    expect(await (await slow).name()).toBe('slow');
    expect(await (await named).name()).toBe('slow');
  });

  it('that is a web application too, both stand in one process', async () => {
    @Controller()
    class Web {
      constructor(
        @InjectManager() private readonly manager: Manager,
        @Inject(ManagerServerStrategy) private readonly strategy: ManagerServerStrategy,
      ) {}
      @Get('visits')
      async visits(): Promise<string> {
        const counter = await this.manager.get(Counter, 'web');
        return `${this.strategy.identity?.name} ${await counter.increment()}`;
      }
    }
    @Module({
      imports: [
        ManagerServerModule.forRoot({
          redis: redis.url,
          namespace: 'hybrid',
          name: 'web',
          lease: LEASE,
          types: [Counter],
        }),
      ],
      controllers: [Web],
    })
    class HybridModule {}
    const app = await NestFactory.create<NestFastifyApplication>(HybridModule, new FastifyAdapter(), {
      logger: false,
      abortOnError: false,
    });
    open.push(app);
    app.connectMicroservice({ strategy: app.get(ManagerServerStrategy) });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const get = async (): Promise<string> => (await fetch(`${await app.getUrl()}/visits`)).text();
    expect([await get(), await get()]).toEqual(['web 1', 'web 2']);
    // From outside, too.
    const { manager } = await startVisits(options('hybrid'));
    expect(await (await manager.get(Counter, 'web')).value()).toBe(2);
    await app.close();
    const left = await client.keys('hybrid:{web}*');
    expect(left).toEqual([]);
  });
});
