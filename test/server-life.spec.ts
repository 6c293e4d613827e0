import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage, type ApplicationWorker } from './support/stage.js';
import { until } from './support/until.js';

jest.setTimeout(40_000);

describe('a manager server', () => {
  let redis: RedisServer;
  let stage: Stage;

  beforeAll(async () => void (redis = await startRedis()));
  afterAll(() => redis.stop());
  beforeEach(() => void (stage = new Stage(redis)));
  afterEach(() => stage.close());

  /** What becomes of a call: its value, or the class and fate of its error. */
  const outcome = (call: Promise<unknown>): Promise<unknown> =>
    call.catch((error: { class: string; fate?: unknown }) => `${error.class} ${String(error.fate)}`);

  const untilAvailable = (application: ApplicationWorker): Promise<unknown> =>
    until(
      () => outcome(application.ask('call', 0, 'value')),
      (value) => typeof value === 'number',
      { within: 3 * LEASE, what: 'The new object of the name' },
    );

  it('finishes the calls under way at SIGTERM, and refuses further ones', async () => {
    const server = await stage.server();
    const application = await stage.application();
    const key = await application.ask('create', 'Counter');
    const calls = Array.from({ length: 10 }, () => application.ask('call', key, 'later', 1000));
    await until(
      () => server.ask('noted'),
      (noted) => noted['later started'] === 10,
      { within: 2000 },
    );
    const since = performance.now();
    server.signal('SIGTERM');
    await sleep(300);
    expect(await outcome(application.ask('call', key, 'increment'))).toBe('ServerClosingError not-executed');
    expect((await Promise.all(calls)).sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await server.exited;
    expect(performance.now() - since).toBeLessThan(LEASE);
    expect(await outcome(application.ask('call', key, 'value'))).toBe('ObjectLostError not-executed');
  });

  it('waits for a live server of its name, says so, and follows at once after an orderly close', async () => {
    const first = await stage.server();
    const identity = await first.ask('identity');
    const second = stage.launchServer();
    const waiting = new RegExp(`held by generation ${identity?.generation}, .*Waiting for it`);
    await until(
      () => second.logged(waiting),
      (logged) => logged,
      { within: 10_000, what: 'Word of whom it waits for' },
    );
    // However often its predecessor renews its lease.
    const early = await Promise.race([second.ready.then(() => 'ready'), sleep(1.2 * LEASE, 'waiting')]);
    expect(early).toBe('waiting');
    const since = performance.now();
    first.signal('SIGTERM');
    await second.ready;
    expect(performance.now() - since).toBeLessThan(LEASE / 2);
    expect((await second.ask('identity'))?.generation).toBeGreaterThan(identity?.generation ?? 0);
  });

  it('takes a name over where it is told to, and the one that had it stops', async () => {
    const first = await stage.server();
    const application = await stage.application();
    expect(await application.ask('call', 0, 'increment')).toBe(1);
    const second = await stage.server({ takeover: true });
    await until(
      () => first.logged(/^superseded: .* now belongs to generation/),
      (logged) => logged,
      { within: LEASE, what: 'Word from the superseded server' },
    );
    await untilAvailable(application);
    expect(await application.ask('call', 0, 'increment')).toBe(1);
    expect(await second.ask('noted')).toMatchObject({ 'new Counter': 1, increment: 1 });
    expect(await first.ask('noted')).toMatchObject({ increment: 1 });
  });

  it('that was killed loses its objects, every proxy says so, and names go on with new ones', async () => {
    const server = await stage.server();
    const application = await stage.application();
    const anonymous = await application.ask('create', 'Counter', 10);
    const faithful = await application.ask('lazy', 'Counter', 'faithful', { rebind: false });
    expect(await application.ask('call', 0, 'increment', 5)).toBe(5);
    expect(await application.ask('call', faithful, 'increment')).toBe(1);
    const under = outcome(application.ask('call', anonymous, 'later', 60_000));
    await until(
      () => server.ask('noted'),
      (noted) => noted['later started'] === 1,
      { within: 2000 },
    );
    await server.kill();
    const since = performance.now();
    await stage.server();
    expect(performance.now() - since).toBeLessThan(LEASE + 4000);

    expect(await under).toBe('ObjectLostError unknown');
    for (const method of ['value', 'increment', 'value']) {
      expect(await outcome(application.ask('call', anonymous, method))).toBe('ObjectLostError not-executed');
      expect(await outcome(application.ask('call', faithful, method))).toBe('ObjectLostError not-executed');
    }
    // Once the word, then the object that has the name now.
    expect(await outcome(application.ask('call', 0, 'increment'))).toBe('ObjectLostError not-executed');
    expect(await application.ask('call', 0, 'increment')).toBe(1);
    const late = await stage.application();
    expect(await late.ask('call', 0, 'increment')).toBe(2);
    expect(await late.ask('get', 'Counter', 'faithful')).toBe(1);
  });

  it('whose objects nobody can reach any more is called dead though none takes its place', async () => {
    const server = await stage.server();
    const application = await stage.application();
    const key = await application.ask('create', 'Counter');
    await server.kill();
    const since = performance.now();
    expect(await outcome(application.ask('callWithin', key, 0, 'value'))).toMatch(/^ObjectLostError/);
    expect(performance.now() - since).toBeLessThan(2 * LEASE + 2000);
  });

  it('that comes back after another took its name starts no call, answers nobody, and stops', async () => {
    const zombie = await stage.server();
    const application = await stage.application();
    const key = await application.ask('create', 'Counter');
    expect(await application.ask('call', key, 'increment')).toBe(1);
    expect(await application.ask('call', 0, 'increment')).toBe(1);
    const under = outcome(application.ask('call', key, 'later', 500));
    await until(
      () => zombie.ask('noted'),
      (noted) => noted['later started'] === 1,
      { within: 2000 },
    );
    zombie.pause();
    // In its inbox before anybody knows: it must not be run later.
    const sent = [outcome(application.ask('call', key, 'increment')), outcome(application.ask('call', 0, 'increment'))];
    const successor = await stage.server();
    expect(await under).toBe('ObjectLostError unknown');
    expect(await Promise.all(sent)).toEqual(['ObjectLostError unknown', 'ObjectLostError unknown']);
    await untilAvailable(application);
    expect(await application.ask('call', 0, 'increment')).toBe(1);

    zombie.resume();
    await until(
      () => zombie.logged(/^superseded: /),
      (logged) => logged,
      { within: LEASE, what: 'Word from the superseded server' },
    );
    // What ran went on, to its own increment; the two in its inbox never began.
    expect(await zombie.ask('noted')).toMatchObject({ increment: 3, 'later ended': 1 });
    expect(await outcome(application.ask('call', key, 'value'))).toBe('ObjectLostError not-executed');
    expect(await application.ask('call', 0, 'value')).toBe(1);
    expect(await successor.ask('noted')).toMatchObject({ increment: 1 });
    const { servers } = await application.ask('debugInfo');
    expect(servers.map(({ generation }) => generation)).toEqual([(await successor.ask('identity'))?.generation]);
  });

  it('that was paused for longer than its lease goes on where nobody took its name', async () => {
    const server = await stage.server();
    const application = await stage.application();
    const key = await application.ask('create', 'Counter');
    const session = async (): Promise<unknown> =>
      (await application.ask('debugInfo')).servers[0]?.objects[0]?.holders[0]?.session;
    const before = await session();
    server.pause();
    const call = application.ask('callWithin', key, 0, 'increment');
    await sleep(LEASE + 1000);
    server.resume();
    expect(await call).toBe(1);
    expect(await session()).toBe(before);
  });
});
