import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { startWay, type Way } from './way.js';
import { LEASE, Scene } from './scene.js';

jest.setTimeout(30_000);

const CALLS = 300;

describe('a failover to a replica that lags behind', () => {
  let scene: Scene;
  let replica: RedisServer;
  /** The way of the replica to its primary. */
  let link: Way;
  let folder: string;
  /** Says who the primary is: whoever connects looks there. */
  let primary: string;

  const isNowPrimary = async ({ url }: RedisServer): Promise<void> => {
    // In one step, so that nobody reads half of it.
    await writeFile(`${primary}.new`, url);
    await rename(`${primary}.new`, primary);
  };
  const on = async <R>({ url }: RedisServer, use: (client: Redis) => Promise<R>): Promise<R> => {
    const client = new Redis(url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };

  beforeEach(async () => {
    scene = await Scene.open();
    replica = await scene.another();
    link = await startWay(() => scene.redis.port);
    folder = await mkdtemp(join(tmpdir(), 'manager-failover-'));
    primary = join(folder, 'primary');
    await isNowPrimary(scene.redis);
    await on(replica, async (client) => {
      await client.replicaof('127.0.0.1', new URL(link.url).port);
      await until(
        () => client.info('replication'),
        (info) => info.includes('master_link_status:up'),
        { within: 10_000, what: 'The replica' },
      );
    });
  });
  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
    await link.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the primary takes from now on, and says that it took, the replica never sees. */
  const falls = (): void => link.swallow();
  /** The primary dies, and the replica takes its place. */
  const failover = async (): Promise<void> => {
    await scene.redis.kill();
    await on(replica, (client) => client.replicaof('NO', 'ONE'));
    await isNowPrimary(replica);
  };

  it.each([
    ['shortly', 300],
    ['for half a lease', LEASE / 2],
  ])('%s: what was lost is sent again, and each call is counted once in the same session', async (_, lag) => {
    await scene.host({ primary });
    const actors = await scene.actors(2, { primary });
    for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
    const sessions = (): Promise<unknown[]> => Promise.all(actors.map((actor) => actor.ask('session', 0)));
    const held = await sessions();
    const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 3, 20, 8000));
    await sleep(500);
    falls();
    await sleep(lag);
    await failover();
    for (const report of await Promise.all(driving)) {
      expect(report).toEqual(expect.objectContaining({ acknowledged: CALLS, failed: {} }));
    }
    expect(await actors[0]?.ask('call', 0, 'count', 'the last')).toBe(actors.length * CALLS + 1);
    expect(await sessions()).toEqual(held);
  });

  it('that forgets who has a name is told to those who held its object, and never passed over in silence', async () => {
    const first = await scene.host({ primary, name: 'first' });
    const second = await scene.host({ primary, name: 'second' });
    const [holder, other] = await scene.actors(2, { primary });
    if (!holder || !other) throw new Error('Somebody is missing');
    await holder.ask('create', 'Tally');
    falls();
    // The claim of the name is taken and acknowledged, and lost with the primary.
    const key = await holder.ask('get', 'Tally', 'contested', 'first');
    expect(await holder.ask('call', key, 'count', 'one')).toBe(1);
    first.pause();
    await failover();
    const theirs = await other.ask('get', 'Tally', 'contested', 'second');
    expect(await other.ask('call', theirs, 'count', 'two')).toBe(1);

    const call = holder.ask('callWithin', key, 4 * LEASE, 'count', 'three').catch((error: unknown) => error);
    await sleep(100);
    first.resume();
    await until(
      () => first.logged(/lost its name to another server/),
      (logged) => logged,
      { within: 2 * LEASE, what: 'Word of the lost name' },
    );
    const outcome = await call;
    if (outcome !== 2) {
      expect(outcome).toMatchObject({
        class: 'ObjectLostError',
        fate: expect.stringMatching(/^(unknown|not-executed)$/),
      });
    } else {
      await expect(holder.ask('call', key, 'count', 'four')).rejects.toMatchObject({ class: 'ObjectLostError' });
    }
    expect(second.running).toBe(true);
    expect(await other.ask('call', theirs, 'count', 'five')).toBe(2);
  });

  it('that keeps a server away for longer than its lease lets another take its name, and the older one stops', async () => {
    const zombie = await scene.host({ primary });
    const [actor] = await scene.actors(1, { primary });
    if (!actor) throw new Error('Somebody is missing');
    const key = await actor.ask('get', 'Tally', 'counted');
    falls();
    zombie.pause();
    await failover();
    const successor = await scene.host({ primary });
    const { answer } = await until(
      () => actor.ask('call', key, 'count', 'anew').catch(() => 0),
      (value) => value !== 0,
      { within: 3 * LEASE },
    );
    expect(answer).toBe(1);
    expect(await successor.ask('generation')).toBeGreaterThan(0);
    zombie.resume();
    await until(
      () => zombie.logged(/now belongs to generation/),
      (logged) => logged,
      { within: LEASE },
    );
    expect(await actor.ask('call', key, 'count', 'again')).toBe(2);
  });
});
