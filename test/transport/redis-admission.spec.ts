import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { ConfigurationError } from '../../libs/manager/src/protocol/errors.js';
import { RedisTransport, type RedisTransportOptions } from '../../libs/manager/src/transport/index.js';
import { Recorder, bytes } from '../../libs/manager/src/transport/recorder.suite.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

jest.setTimeout(30_000);

/** What docs/reference/protocol.md grants, and not a command more. */
const LEAST = [
  '-@all',
  ...['+xadd', '+xread', '+xtrim', '+pexpire', '+del', '+time', '+evalsha', '+eval', '+get', '+set', '+pttl'],
  ...['+hset', '+hdel', '+hgetall'],
];

describe('a Redis transport is let in', () => {
  let server: RedisServer;
  let open: RedisTransport[];
  const transport = (redis: RedisTransportOptions['redis'], namespace?: string): RedisTransport => {
    const made = new RedisTransport({ redis, ...(namespace && { namespace }) });
    open.push(made);
    return made;
  };
  const refused = async (made: RedisTransport, message: string): Promise<void> => {
    const error: unknown = await made.open().then(
      () => null,
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(message);
    await made.close();
    expect(made.state).toBe('closed');
  };

  beforeEach(() => {
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((each) => each.close()));
    await server.stop();
  });

  it('not where entries may be evicted', async () => {
    server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const made = transport(server.url);
    await expect(made.open()).rejects.toBeInstanceOf(ConfigurationError);
    await refused(made, 'maxmemory-policy allkeys-lru');
  });

  it('not with a wrong password or without one', async () => {
    server = await startRedis({ args: ['--requirepass', 'right'] });
    await refused(transport(server.url), 'NOAUTH');
    await refused(transport(`redis://:wrong@127.0.0.1:${server.port}`), 'WRONGPASS');
    await refused(
      transport(() => new Redis(server.port, { password: 'wrong' })),
      'WRONGPASS',
    );
    const right = transport(`redis://:right@127.0.0.1:${server.port}`);
    await right.open();
    expect(right.state).toBe('connected');
  });

  it('not to a database that is not there, nor under a namespace that cannot be', async () => {
    server = await startRedis();
    await refused(transport(`${server.url}/99`), 'DB index');
    for (const namespace of ['a{b}', 'a b', 'ä', 'x'.repeat(65)]) {
      expect(() => new RedisTransport({ redis: server.url, namespace })).toThrow(ConfigurationError);
    }
  });

  it('not by a factory that gives the same client twice', async () => {
    server = await startRedis();
    const client = new Redis(server.url);
    await refused(
      transport(() => client),
      'needs a new one',
    );
  });

  it('with the least rights that the reference names, and not without one that it needs', async () => {
    server = await startRedis();
    const admin = new Redis(server.url);
    await admin.acl('SETUSER', 'manager', 'on', '>secret', '~mine:*', ...LEAST);
    await admin.acl('SETUSER', 'less', 'on', '>secret', '~other:*', ...LEAST);
    const as = (user: string): string => `redis://${user}:secret@127.0.0.1:${server.port}`;
    const allowed = transport(as('manager'), 'mine');
    await allowed.open();
    const reader = new Recorder();
    const inbox = await allowed.openInbox('a', { ttl: 60_000 }, reader);
    for (const lane of ['frames', 'beats'] as const) expect(await allowed.write('a', lane, bytes('x'))).toBe(true);
    await reader.until(() => reader.frames.length === 1 && reader.beats.length === 1);
    const { claims } = allowed;
    const name = { kind: 'name', tag: 'n' } as const;
    expect((await claims.compareAndSet(name, null, 'x', 1000)).done).toBe(true);
    expect(await claims.renew([name], 'x', 1000)).toEqual([]);
    expect((await claims.read(name))?.value).toBe('x');
    expect((await claims.compareAndSet(name, 'x', null, 0)).done).toBe(true);
    await claims.nextGeneration();
    await claims.announce('n', 'x');
    expect((await claims.announced()).size).toBe(1);
    await claims.announce('n', null);
    // A blocking read that found nothing trims, which needs its right too.
    const since = performance.now();
    await reader.until(() => reader.drainedAsOf > since);
    expect(await admin.xlen('mine:{a}:frames')).toBe(0);
    await inbox.close();

    await refused(transport(as('less'), 'mine'), 'NOPERM');
    await admin.quit();
  });

  it('beside another namespace without seeing it', async () => {
    server = await startRedis();
    const [one, two] = [transport(server.url, 'one'), transport(server.url, 'two')];
    await Promise.all([one.open(), two.open()]);
    const readers = [new Recorder(), new Recorder()];
    await one.openInbox('a', { ttl: 60_000 }, readers[0]!);
    expect(await two.write('a', 'frames', bytes('x'))).toBe(false);
    await two.openInbox('a', { ttl: 60_000 }, readers[1]!);
    expect(await two.write('a', 'frames', bytes('to two'))).toBe(true);
    await readers[1]!.until(() => readers[1]!.frames.length === 1);
    expect(readers[0]!.frames).toHaveLength(0);
    const name = { kind: 'name', tag: 'n' } as const;
    await one.claims.compareAndSet(name, null, 'x', 1000);
    await one.claims.announce('n', 'x');
    expect(await two.claims.read(name)).toBeNull();
    expect((await two.claims.announced()).size).toBe(0);
  });

  it('and keeps its streams short', async () => {
    server = await startRedis();
    const admin = new Redis(server.url);
    const made = transport(server.url, 'short');
    await made.open();
    const reader = new Recorder();
    await made.openInbox('a', { ttl: 60_000 }, reader);
    let longest = 0;
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 1000 }, () => made.write('a', 'frames', bytes('x'))));
      await reader.until(() => reader.frames.length === (round + 1) * 1000);
      longest = Math.max(longest, await admin.xlen('short:{a}:frames'));
    }
    expect(longest).toBeLessThan(2000);
    while ((await admin.xlen('short:{a}:frames')) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const trims = Number(/cmdstat_xtrim:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1]);
    expect(trims).toBeLessThan(40);
    await admin.quit();
  });
});
