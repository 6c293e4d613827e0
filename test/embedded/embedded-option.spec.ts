import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connectManager, getManagerToken, ManagerModule, type Manager } from 'nestjs-manager';
import { folder, isThere, moduleOf, runs } from './fixtures.js';
import { until } from '../support/until.js';
import { Worker } from '../support/worker.js';
import type { ApplicationCommands } from '../workers/application.js';
import type { ApplicationOptions } from '../workers/protocol.js';

type Application = Worker<ApplicationCommands>;

const IDLE = 1000;
const applications: Application[] = [];
const pids = new Set<number>();

async function application(address: string, options: Partial<ApplicationOptions> = {}): Promise<Application> {
  const name = `application-${applications.length + 1}`;
  const embedded = { module: moduleOf('short-lease.module').href, address, idle: IDLE };
  const worker: Application = new Worker(name, 'application', {
    application: name,
    timeout: 10_000,
    embedded,
    ...options,
  });
  applications.push(worker);
  await worker.ready;
  return worker;
}

/** The process of the server that listens there, asked from here. */
async function pidAt(address: string): Promise<number> {
  await using manager = await connectManager(address);
  await using probe = await manager.create<{ pid(): number }>('Probe');
  const pid = await probe.pid();
  pids.add(pid);
  return pid;
}

/** The process of the server that an application uses. */
async function serverOf(worker: Application): Promise<number> {
  const probe = await worker.ask('create', 'Probe');
  const pid = (await worker.ask('call', probe, 'pid')) as number;
  await worker.ask('release', probe);
  pids.add(pid);
  return pid;
}

afterEach(async () => {
  await Promise.all(applications.splice(0).map((worker) => worker.kill()));
  for (const pid of pids) if (runs(pid)) process.kill(pid, 'SIGKILL');
  pids.clear();
});

describe('an embedded server', () => {
  it('is started once, however many applications come at the same moment', async () => {
    await using files = await folder();
    const all = await Promise.all(Array.from({ length: 5 }, () => application(files.address())));
    const servers = await Promise.all(all.map(serverOf));
    expect(new Set(servers).size).toBe(1);
    const counts = await Promise.all(all.map((one) => one.ask('call', 0, 'increment')));
    expect((counts as number[]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on when the application that started it is killed', async () => {
    await using files = await folder();
    const first = await application(files.address());
    const server = await serverOf(first);
    const second = await application(files.address());
    await first.ask('call', 0, 'increment');
    expect(await second.ask('call', 0, 'increment')).toBe(2);
    await first.kill();
    expect(await serverOf(second)).toBe(server);
    expect(await second.ask('call', 0, 'increment')).toBe(3);
  });

  it('ends some time after its last session, and leaves no file', async () => {
    await using files = await folder();
    const first = await application(files.address());
    const server = await serverOf(first);
    await first.ask('close');
    const { after } = await until(
      () => runs(server),
      (alive) => !alive,
      { within: IDLE + 4000 },
    );
    expect(after).toBeGreaterThan(IDLE / 2);
    expect(isThere(files.address())).toBe(false);
  });

  it('stays while an application is connected that never calls, and ends when the last one has left', async () => {
    await using files = await folder();
    const embedded = { module: moduleOf('short-lease.module').href, address: files.address(), idle: 300 };
    const one = await application(files.address(), { embedded });
    const two = await application(files.address(), { embedded });
    const server = await pidAt(files.address());
    await two.ask('close');
    // Three times as long as it would stay unused.
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(await pidAt(files.address())).toBe(server);
    await one.ask('close');
    await until(
      () => runs(server),
      (alive) => !alive,
      { within: 4000 },
    );
  });

  it('is started again where it was killed: what it hosted is lost, and names go on', async () => {
    await using files = await folder();
    const one = await application(files.address());
    const server = await serverOf(one);
    const counter = await one.ask('create', 'Counter');
    await one.ask('call', counter, 'increment');
    await one.ask('call', 0, 'increment');
    process.kill(server, 'SIGKILL');
    await until(
      () => runs(server),
      (alive) => !alive,
      { within: 2000 },
    );
    await expect(one.ask('call', counter, 'increment')).rejects.toMatchObject({ class: 'ObjectLostError' });
    await expect(one.ask('call', 0, 'increment')).rejects.toMatchObject({ class: 'ObjectLostError' });
    expect(await one.ask('call', 0, 'increment')).toBe(1);
    expect(await serverOf(one)).not.toBe(server);
  });

  it('answers whoever joins, also at the moment when it ends', async () => {
    await using files = await folder();
    const embedded = { module: moduleOf('short-lease.module'), address: files.address(), idle: 50 };
    const counts: number[] = [];
    // It looks every 250 ms whether it is used: some of these meet it alive, some as it ends, some when it is gone.
    for (const wait of [0, 250, 350, 450, 550]) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      const app = await NestFactory.createApplicationContext(ManagerModule.forRoot({ embedded }), { logger: false });
      const counter = await app.get<Manager>(getManagerToken()).get<{ increment(): number }>('Counter', 'visits');
      counts.push(await counter.increment());
      await app.close();
    }
    expect(counts.every((count, index) => count === 1 || count === (counts[index - 1] as number) + 1)).toBe(true);
  });

  it('is one for each namespace where no address is given', async () => {
    const embedded = { module: moduleOf('short-lease.module').href, idle: 300 };
    const names = ['one', 'two'].map((name) => `${name}-${process.pid}`);
    const all = await Promise.all(names.map((namespace) => application('', { embedded, namespace })));
    const servers = await Promise.all(all.map(serverOf));
    expect(new Set(servers).size).toBe(2);
    await Promise.all(all.map((each) => each.ask('close')));
    for (const server of servers)
      await until(
        () => runs(server),
        (alive) => !alive,
        { within: 5000 },
      );
  });

  it('says which types it has where an application asks for another', async () => {
    await using files = await folder();
    const one = await application(files.address());
    await serverOf(one);
    const other = await application(files.address(), {});
    await expect(other.ask('create', 'Invoice')).rejects.toMatchObject({
      class: 'TypeNotRegisteredError',
      message: expect.stringMatching(/"Invoice".*Counter/s),
    });
  });

  it('is the same for an authkey that all have, and refuses another', async () => {
    await using files = await folder();
    const authkey = 'a key of the embedded tests';
    const one = await application(files.address(), { authkey });
    await one.ask('call', 0, 'increment');
    const two = await application(files.address(), { authkey });
    expect(await two.ask('call', 0, 'increment')).toBe(2);
    await serverOf(two);
    const stranger = await application(files.address(), { authkey: 'another key of the tests', timeout: 1500 });
    await expect(stranger.ask('call', 0, 'increment')).rejects.toMatchObject({ class: 'AuthenticationError' });
  });

  it('does not keep an application that closes as soon as it is there, which is no error', async () => {
    await using files = await folder();
    const logger = new ConsoleLogger();
    const errors = jest.spyOn(logger, 'error').mockImplementation(() => undefined);
    const embedded = { address: files.address() };
    const app = await NestFactory.createApplicationContext(ManagerModule.forRoot({ embedded }), { logger });
    await app.close();
    expect(errors).not.toHaveBeenCalled();
  });

  it('says why it cannot be started', async () => {
    await using files = await folder();
    const embedded = { module: moduleOf('no-module').href, address: files.address() };
    const one = await application(files.address(), { embedded });
    await expect(one.ask('call', 0, 'increment')).rejects.toMatchObject({
      message: expect.stringContaining('is no Nest module'),
    });
    await until(() => one.logged(/is no Nest module/), Boolean, { within: 2000 });
  });
});
