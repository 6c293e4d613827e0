import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ConfigurationError,
  connectManager,
  ManagerClosedError,
  ObjectLostError,
  ServerUnavailableError,
  startManager,
  StateError,
  type AnyProxy,
  type StartedManager,
  type StartOptions,
} from 'nestjs-manager';
import { folder, isThere, moduleOf, runs } from './fixtures.js';
import { until } from '../support/until.js';
import { Worker } from '../support/worker.js';
import type { LauncherCommands } from '../workers/launcher.js';

interface Probe {
  pid(): number;
  initializedBy(): number | undefined;
  block(ms: number): void;
  sleep(ms: number): string;
}
interface Counter {
  increment(by?: number): number;
  value(): number;
}

const started: StartedManager[] = [];
const hosted = moduleOf('hosted.module');
async function start(options: Partial<StartOptions> = {}): Promise<StartedManager> {
  const manager = await startManager({ module: hosted, ...options });
  started.push(manager);
  return manager;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((manager) => manager.shutdown({ timeout: 2000 })));
});
const gone = (pid: number): Promise<unknown> =>
  until(
    () => runs(pid),
    (alive) => !alive,
    { within: 5000 },
  );

describe('startManager', () => {
  it('starts a server in a process of its own, that hosts the types of the module and the built-in ones', async () => {
    const manager = await start();
    const probe = await manager.create<Probe>('Probe');
    expect(await probe.pid()).toBe(manager.pid);
    expect(manager.pid).not.toBe(process.pid);
    const queue = await manager.named('jobs').queue<string>(2);
    await queue.put('first');
    expect(await queue.get()).toBe('first');
    expect(await manager.numberOfObjects()).toBe(2);
  });

  it('listens where only this user can reach it, and leaves no file behind', async () => {
    const manager = await start();
    expect(manager.address).toMatch(/^unix:\/\/\//);
    expect(isThere(manager.address)).toBe(true);
    await manager.shutdown();
    expect(isThere(manager.address)).toBe(false);
    expect(runs(manager.pid)).toBe(false);
  });

  it('hosts a module that says itself how', async () => {
    const manager = await start({ module: moduleOf('short-lease.module') });
    const { servers } = await manager.debugInfo();
    expect(servers.map(({ server }) => server)).toEqual(['short']);
  });

  it('gives the server the name that is asked for', async () => {
    const manager = await start({ module: moduleOf('short-lease.module'), name: 'mine' });
    expect((await manager.debugInfo()).servers.map(({ server }) => server)).toEqual(['mine']);
  });

  it('shuts down where the block of await using ends', async () => {
    let pid = 0;
    {
      await using manager = await startManager({ module: hosted });
      pid = manager.pid;
      await manager.lock();
    }
    expect(runs(pid)).toBe(false);
  });

  it('runs the initializer in the server before its module, and waits for it', async () => {
    const manager = await start({ initializer: moduleOf('initializer') });
    const probe = await manager.create<Probe>('Probe');
    expect(await probe.initializedBy()).toBe(manager.pid);
  });

  it('fails as its initializer fails, with the stack of the server', async () => {
    await using files = await folder();
    const address = files.address();
    const error = await start({ initializer: moduleOf('failing-initializer'), address }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: 'no licence for this machine',
      remoteStack: expect.stringContaining('failing-initializer'),
    });
    expect(isThere(address)).toBe(false);
  });

  it('fails as its module fails that has opened the socket, and leaves no file behind', async () => {
    await using files = await folder();
    await expect(start({ module: moduleOf('failing.module'), address: files.address() })).rejects.toThrow('no disk');
    expect(isThere(files.address())).toBe(false);
  });

  it.each([
    ['a module that is not there', { module: new URL('./not-there.js', import.meta.url) }, /not-there\.js/],
    ['a module that is none', { module: moduleOf('no-module') }, /is no Nest module/],
    ['an initializer that is no function', { initializer: moduleOf('no-module') }, /is no function/],
  ])('refuses %s', async (_, options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });

  it.each([
    ['a path', { module: './server.module.js' }],
    ['no address', { address: 'localhost:80' }],
    ['a time to start that is none', { startTimeout: -1 }],
    ['a timeout that is none', { timeout: -1 }],
    ['an option that there is not', { timout: 100 } as object],
    ['TLS that is none', { tls: 'yes' as never }],
    ['a key that is too short', { authkey: 'short' }],
    ['a limit that there is not', { limits: { megabytes: 3 } as never }],
  ])('refuses %s before it starts anything', async (_, options) => {
    await expect(start(options)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('says how the process ended that never listened', async () => {
    const error = await start({ module: moduleOf('exiting.module') }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ServerUnavailableError);
    expect(error).toMatchObject({ message: expect.stringContaining('exit status 3') });
  });

  it('gives up a server that does not listen in time, and ends it', async () => {
    await expect(start({ module: moduleOf('endless.module'), startTimeout: 1500 })).rejects.toThrow('1500 ms');
  });

  it('refuses an address where another server listens, and leaves that one alone', async () => {
    await using files = await folder();
    const first = await start({ address: files.address() });
    await expect(start({ address: files.address() })).rejects.toBeInstanceOf(StateError);
    expect(await first.ping()).toBeGreaterThan(0);
    await using other = await connectManager(files.address());
    expect(await other.ping()).toBeGreaterThan(0);
  });

  it('starts again at the address of a server that was killed; what that one hosted says so', async () => {
    await using files = await folder();
    const first = await start({ address: files.address() });
    await using other = await connectManager(files.address());
    const counter = await other.create<Counter>('Counter');
    const named = await other.get<Counter>('Counter', 'visits');
    await Promise.all([counter.increment(), named.increment()]);
    process.kill(first.pid, 'SIGKILL');
    await first.join();
    expect(isThere(first.address)).toBe(true);

    await start({ address: files.address() });
    const since = performance.now();
    await expect(counter.increment()).rejects.toBeInstanceOf(ObjectLostError);
    await expect(named.increment()).rejects.toBeInstanceOf(ObjectLostError);
    expect(await named.increment()).toBe(1);
    expect(performance.now() - since).toBeLessThan(5000);
    const fresh = await other.create<Counter>('Counter');
    expect(await fresh.increment()).toBe(1);
  });

  it.each(['unix', 'tcp'])(
    'starts again at once at the address of a server that was shut down, over %s',
    async (medium) => {
      await using files = await folder();
      const first = await start({ address: medium === 'unix' ? files.address() : 'tcp://127.0.0.1:0' });
      await using other = await connectManager(first.address);
      const counter = await other.create<Counter>('Counter');
      const named = await other.get<Counter>('Counter', 'visits');
      await Promise.all([counter.increment(), named.increment()]);
      await first.shutdown();

      const second = await start({ address: first.address });
      expect(second.address).toBe(first.address);
      await expect(counter.increment()).rejects.toBeInstanceOf(ObjectLostError);
      await expect(named.increment()).rejects.toBeInstanceOf(ObjectLostError);
      expect(await named.increment()).toBe(1);
    },
  );

  it('gives fences that grow over a server that was killed', async () => {
    await using files = await folder();
    const fences: bigint[] = [];
    for (let round = 0; round < 3; round++) {
      const manager = await start({ address: files.address() });
      await using lock = await manager.lock();
      await lock.acquire();
      fences.push((await lock.fence()) as bigint);
      process.kill(manager.pid, 'SIGKILL');
      await manager.join();
      await manager.close();
    }
    expect(fences).toEqual([...fences].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(fences).size).toBe(3);
  });

  it('says that objects are lost as soon as their server was killed', async () => {
    const manager = await start();
    const counter = await manager.create<Counter>('Counter');
    const probe = await manager.create<Probe>('Probe');
    const sleeping = probe.sleep(60_000).catch((error: unknown) => error);
    process.kill(manager.pid, 'SIGKILL');
    expect(await sleeping).toMatchObject({ name: 'ObjectLostError', fate: 'unknown' });
    await expect(counter.increment()).rejects.toBeInstanceOf(ObjectLostError);
  });

  it('can be shut down twice, and is closed then', async () => {
    const manager = await start();
    const counter = await manager.create<Counter>('Counter');
    await Promise.all([manager.shutdown(), manager.shutdown()]);
    await manager.shutdown();
    expect(await manager.join()).toBe(true);
    await expect(manager.create('Counter')).rejects.toBeInstanceOf(ManagerClosedError);
    await expect(counter.increment()).rejects.toBeInstanceOf(ManagerClosedError);
  });

  it('lets calls of others that run come to their end', async () => {
    const manager = await start();
    await using other = await connectManager(manager.address);
    const probe = await other.create<Probe>('Probe');
    const slept = probe.sleep(300);
    await probe.pid();
    await manager.shutdown();
    expect(await slept).toBe('slept');
  });

  it('kills a server that does not come to its end, and takes its file away', async () => {
    const manager = await start();
    const probe = await manager.create<Probe>('Probe');
    void probe.block(60_000).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const since = performance.now();
    await manager.shutdown({ timeout: 300 });
    expect(performance.now() - since).toBeLessThan(4000);
    expect(runs(manager.pid)).toBe(false);
    expect(isThere(manager.address)).toBe(false);
  });

  it('terminates a server whose close takes too long, which takes its file away itself', async () => {
    await using files = await folder();
    const manager = await start({ module: moduleOf('stuck.module'), address: files.address() });
    process.kill(manager.pid, 'SIGTERM');
    expect(await manager.join({ timeout: 300 })).toBe(false);
    process.kill(manager.pid, 'SIGTERM');
    expect(await manager.join({ timeout: 5000 })).toBe(true);
    expect(isThere(files.address())).toBe(false);

    const other = await start({ module: moduleOf('stuck.module'), address: files.address() });
    const since = performance.now();
    await other.shutdown({ timeout: 1500 });
    // It would be killed after 3 s.
    expect(performance.now() - since).toBeLessThan(2900);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'waits for its end as long as it is told, which %s brings',
    async (signal) => {
      const manager = await start();
      expect(await manager.join({ timeout: 50 })).toBe(false);
      process.kill(manager.pid, signal);
      expect(await manager.join({ timeout: 5000 })).toBe(true);
      expect(isThere(manager.address)).toBe(false);
    },
  );

  it('has a server that does not mind SIGINT', async () => {
    const manager = await start();
    process.kill(manager.pid, 'SIGINT');
    process.kill(manager.pid, 'SIGINT');
    expect(await manager.join({ timeout: 200 })).toBe(false);
    expect(await manager.ping()).toBeGreaterThan(0);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('ends the server when its parent ends by %s', async (signal) => {
    const parent = new Worker<LauncherCommands>('launcher', 'launcher', { module: hosted.href });
    await parent.ready;
    const { address, pid } = await parent.ask('started');
    expect(runs(pid)).toBe(true);
    parent.signal(signal);
    await parent.exited;
    await gone(pid);
    expect(isThere(address)).toBe(false);
  });

  it('ends a server that is blocked when its parent is killed', async () => {
    const parent = new Worker<LauncherCommands>('launcher', 'launcher', { module: hosted.href });
    await parent.ready;
    const { address, pid } = await parent.ask('started');
    await using other = await connectManager(address);
    const probe = await other.create<Probe>('Probe');
    void probe.block(60_000).catch(() => undefined);
    await parent.kill();
    await until(
      () => runs(pid),
      (alive) => !alive,
      { within: 12_000 },
    );
  });

  it('listens at a free port where it is asked to, and answers there', async () => {
    const manager = await start({ address: 'tcp://127.0.0.1:0' });
    expect(manager.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
    await using other = await connectManager(manager.address);
    const counter = await other.create<Counter>('Counter', 4);
    expect(await counter.value()).toBe(4);
  });

  it('can be passed proxies from another manager of the same server', async () => {
    const manager = await start();
    await using other = await connectManager(manager.address);
    const list = await manager.list<AnyProxy>();
    const counter = await other.create<Counter>('Counter', 4);
    await list.push((await manager.redeem(await other.ticket(counter))) as AnyProxy);
    expect(await list.length()).toBe(1);
  });
});

describe('connectManager', () => {
  it('leaves the server as it is when it is closed', async () => {
    const manager = await start();
    const other = await connectManager(manager.address);
    await other.create('Counter');
    await other.close();
    expect(await manager.numberOfObjects()).toBe(0);
    expect(await manager.ping()).toBeGreaterThan(0);
  });

  it('says that nobody answers at an address', async () => {
    await using files = await folder();
    const error = await connectManager(files.address(), { timeout: 300 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ServerUnavailableError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`nobody listens at ${files.address()}`),
      cause: { message: `nobody listens at ${files.address()}` },
    });
  });

  it('refuses an address that is none', async () => {
    await expect(connectManager('localhost')).rejects.toBeInstanceOf(ConfigurationError);
  });

  it.each([
    ['an option that there is not', { adress: 'tcp://127.0.0.1:1' } as object],
    ['a timeout that is none', { timeout: -1 }],
    ['TLS that is none', { tls: 'yes' as never }],
  ])('refuses %s', async (_, options) => {
    await expect(connectManager('tcp://127.0.0.1:1', options)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('refuses TLS for Redis, which has URLs of its own for that', async () => {
    await expect(connectManager('redis://127.0.0.1:1', { tls: true })).rejects.toThrow('rediss://');
  });
});
