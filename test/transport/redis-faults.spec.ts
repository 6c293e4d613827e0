import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { RedisTransport, type RedisTransportOptions } from '../../libs/manager/src/transport/index.js';
import { Recorder, bytes, eventually } from '../../libs/manager/src/transport/recorder.suite.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { startProxy, type TcpProxy } from './tcp-proxy.js';

// Waits are for events; this is for a machine that does much else.
jest.setTimeout(30_000);

const TTL = 60_000;
const name = { kind: 'name', tag: 'n' } as const;

describe('a Redis transport under faults', () => {
  let server: RedisServer;
  let open: { close(): Promise<unknown> }[];
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);

  const transport = async (options: Partial<RedisTransportOptions> = {}): Promise<RedisTransport> => {
    const made = new RedisTransport({ redis: server.url, namespace: 'faults', timeout: 800, ...options });
    open.push(made);
    await made.open();
    return made;
  };
  const proxy = async (): Promise<TcpProxy> => {
    const made = await startProxy(server.port);
    open.push(made);
    return made;
  };
  const connected = (...transports: RedisTransport[]): Promise<unknown> =>
    Promise.all(transports.map((each) => eventually(() => each.state === 'connected')));
  /** Sends as a link does: one after another until each was taken. */
  const insist = async (from: RedisTransport, text: string): Promise<void> =>
    eventually(() => from.write('a', 'frames', bytes(text)));

  beforeEach(() => {
    open = [];
    process.on('unhandledRejection', onProblem);
  });
  afterEach(async () => {
    for (const each of open.reverse()) await each.close();
    await server.stop();
    process.off('unhandledRejection', onProblem);
    expect(problems).toEqual([]);
  });

  it('says that all beats were read also while more frames wait than one read takes', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    let told = 0;
    const reader = Object.assign(new Recorder(), {
      beatsDrained: (): void => {
        if (reader.beats.length > 0) told++;
      },
    });
    await owner.openInbox('a', { ttl: TTL }, reader);
    const written = Array.from({ length: 6000 }, (_, i) => sender.write('a', 'frames', bytes(String(i))));
    await sender.write('a', 'beats', bytes('alive'));
    await Promise.all(written);
    await reader.until(() => reader.frames.length === 6000);
    expect(told).toBeGreaterThan(0);
  });

  it('goes on after a restart that kept the data', async () => {
    server = await startRedis({ appendonly: true });
    const [owner, sender] = [await transport(), await transport()];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    await owner.claims.compareAndSet(name, null, 'me', TTL);
    const generation = await owner.claims.nextGeneration();
    await sender.write('a', 'frames', bytes('before'));
    await server.restart({ keepData: true });
    await insist(sender, 'after');
    await reader.until(() => reader.texts().includes('after'));
    await connected(owner, sender);
    expect(reader.restarts).toBeGreaterThanOrEqual(1);
    expect((await owner.claims.read(name))?.value).toBe('me');
    expect(await owner.claims.nextGeneration()).toBeGreaterThan(generation);
    // What had been read and not yet trimmed came again, before what came later.
    expect([...new Set(reader.texts())]).toEqual(['before', 'after']);
  });

  it('makes its inbox again after a restart that lost the data', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    const states: string[] = [];
    owner.onState((state) => states.push(state));
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    await owner.claims.compareAndSet(name, null, 'me', TTL);
    const generation = await owner.claims.nextGeneration();
    await server.restart({ keepData: false });
    await insist(sender, 'after');
    await reader.until(() => reader.texts().includes('after'));
    await connected(owner, sender);
    expect(reader.restarts).toBe(1);
    expect(await owner.claims.read(name)).toBeNull();
    expect(await owner.claims.renew([name], 'me', TTL)).toEqual([name]);
    expect(await owner.claims.nextGeneration()).toBeGreaterThanOrEqual(generation);
    expect(states.slice(0, 2)).toEqual(['connecting', 'connected']);
  });

  it('makes its inbox again where the data went without a restart', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: 800 }, reader);
    await sender.write('a', 'frames', bytes('before'));
    await reader.until(() => reader.frames.length === 1);
    const admin = new Redis(server.url);
    await admin.flushall();
    await admin.quit();
    expect(await sender.write('a', 'frames', bytes('lost'))).toBe(false);
    await reader.until(() => reader.restarts === 1);
    await insist(sender, 'after');
    await reader.until(() => reader.texts().includes('after'));
    expect(owner.state).toBe('connected');
  });

  it('loses no frame to connections that are cut while 10,000 are written', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    const admin = new Redis(server.url);
    const total = 10_000;
    let cuts = 0;
    let refused = 0;
    for (let start = 0; start < total;) {
      const batch = Array.from({ length: Math.min(200, total - start) }, (_, index) =>
        sender.write('a', 'frames', bytes(String(start + index))),
      );
      if (start >= cuts * 2000 + 1000) {
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        cuts += 1;
      }
      const taken = await Promise.all(batch);
      const failed = taken.indexOf(false);
      // As a link does: goes back to the first that was not taken, whatever became of the later ones.
      start += failed < 0 ? taken.length : failed;
      if (failed >= 0) {
        refused += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    await admin.quit();
    await reader.until(() => new Set(reader.texts()).size === total);
    expect(cuts).toBe(5);
    expect(refused).toBeGreaterThan(0);
    expect(reader.restarts).toBeGreaterThan(0);
    await connected(owner, sender);
  });

  it('writes of one connection arrive in order, without gaps, until the first that was refused', async () => {
    server = await startRedis();
    const way = await proxy();
    const [owner, sender] = [await transport(), await transport({ redis: way.url })];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    const writes = Array.from({ length: 3000 }, (_, index) => sender.write('a', 'frames', bytes(String(index))));
    await reader.until(() => reader.frames.length > 0);
    way.cut();
    const taken = await Promise.all(writes);
    await insist(sender, 'end');
    await reader.until(() => reader.texts().includes('end'));
    const numbers = reader.texts().slice(0, -1).map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeGreaterThanOrEqual(taken.filter(Boolean).length);
  });

  it('rides out a Redis that stands still for a moment', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    const states: string[] = [];
    for (const each of [owner, sender]) each.onState((state) => states.push(state));
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    server.pause();
    const written = sender.write('a', 'frames', bytes('during'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.resume();
    expect(await written).toBe(true);
    await reader.until(() => reader.frames.length === 1);
    expect(states).toEqual([]);
  });

  it('notices a Redis that stands still for long, and comes back', async () => {
    server = await startRedis();
    const [owner, sender] = [await transport(), await transport()];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    server.pause();
    expect(await sender.write('a', 'frames', bytes('during'))).toBe(false);
    expect(await sender.write('a', 'frames', bytes('not sent'))).toBe(false);
    await expect(sender.claims.read(name)).rejects.toMatchObject({ name: 'MediumError' });
    await eventually(() => owner.state === 'connecting' && sender.state === 'connecting');
    expect(sender.lastError?.message).toMatch(/no reply|closed/);
    server.resume();
    await connected(owner, sender);
    await insist(sender, 'after');
    await reader.until(() => reader.texts().includes('after'));
    expect(reader.texts()).not.toContain('not sent');
  });

  it('notices each of its connections that is open and silent', async () => {
    server = await startRedis();
    const way = await proxy();
    const [owner, sender] = [await transport({ redis: way.url }), await transport()];
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: 1000 }, reader);
    const before = way.accepted;
    expect(before).toBe(3);
    way.silence();
    await eventually(() => owner.state === 'connecting');
    const given = way.accepted;
    await eventually(() => way.accepted > given);
    way.speak();
    await connected(owner);
    await insist(sender, 'after');
    await reader.until(() => reader.texts().includes('after'));
    expect(reader.restarts).toBeGreaterThanOrEqual(1);
  });

  it('takes a pause of its own process for no silence', async () => {
    server = await startRedis();
    const owner = await transport({ timeout: 200 });
    const states: string[] = [];
    owner.onState((state) => states.push(state));
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    const writes = [owner.write('a', 'frames', bytes('1')), owner.write('a', 'beats', bytes('2'))];
    const until = performance.now() + 1700;
    while (performance.now() < until);
    expect(await Promise.all(writes)).toEqual([true, true]);
    const resumed = performance.now();
    await reader.until(() => reader.drainedAsOf > resumed);
    expect(reader.frames).toHaveLength(1);
    expect(states).toEqual([]);
  });

  it('closes while Redis is silent, and while it is away', async () => {
    server = await startRedis();
    const [one, two] = [await transport(), await transport()];
    await one.openInbox('a', { ttl: TTL }, new Recorder());
    server.pause();
    const written = one.write('a', 'frames', bytes('x'));
    const closing = performance.now();
    await one.close();
    expect(await written).toBe(false);
    expect(performance.now() - closing).toBeLessThan(4000);
    await server.kill();
    await two.close();
    const never = new RedisTransport({ redis: server.url });
    const opening = never.open();
    const refused = expect(opening).rejects.toMatchObject({ name: 'MediumError' });
    await eventually(() => never.lastError !== undefined);
    expect(never.lastError?.message).toContain('ECONNREFUSED');
    await never.close();
    await refused;
  });

  it('keeps trying until Redis is there', async () => {
    server = await startRedis();
    await server.kill();
    const late = new RedisTransport({ redis: server.url });
    open.push(late);
    const opening = late.open();
    const inbox = late.openInbox('a', { ttl: TTL }, new Recorder());
    await eventually(() => late.lastError !== undefined);
    expect(late.state).toBe('connecting');
    await server.restart({ keepData: false });
    await opening;
    await inbox;
    expect(late.state).toBe('connected');
    expect(late.lastError).toBeUndefined();
  });

  it('finds the master again when its own was made a replica', async () => {
    server = await startRedis();
    const owner = await transport();
    const reader = new Recorder();
    await owner.openInbox('a', { ttl: TTL }, reader);
    const admin = new Redis(server.url);
    await admin.replicaof('127.0.0.1', '1');
    expect(await owner.write('a', 'frames', bytes('x'))).toBe(false);
    await expect(owner.claims.compareAndSet(name, null, 'x', TTL)).rejects.toThrow('READONLY');
    await admin.replicaof('NO', 'ONE');
    await admin.quit();
    await insist(owner, 'after');
    await reader.until(() => reader.texts().includes('after'));
    await connected(owner);
  });

  it('sends its scripts again when Redis forgot them', async () => {
    server = await startRedis();
    const owner = await transport();
    await owner.claims.compareAndSet(name, null, 'me', TTL);
    const admin = new Redis(server.url);
    await admin.script('FLUSH');
    await admin.quit();
    expect(await owner.claims.compareAndSet(name, 'me', 'you', TTL)).toMatchObject({ done: true });
  });
});
