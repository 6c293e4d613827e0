import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { LEASE, Scene } from './scene.js';
import { startWay, type Way } from './way.js';

jest.setTimeout(90_000);

const CALLS = 300;

async function on<R>({ url }: RedisServer, use: (client: Redis) => Promise<R>): Promise<R> {
  const client = new Redis(url);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

/** A primary and a replica of it, and a file that says who the primary is: whoever connects looks there. */
class Pair implements AsyncDisposable {
  readonly scene: Scene;
  readonly primary: string;
  readonly #replica: RedisServer;
  /** Of the replica to its primary. */
  readonly #way: Way;
  readonly #folder: string;

  private constructor(scene: Scene, replica: RedisServer, way: Way, folder: string) {
    [this.scene, this.#replica, this.#way, this.#folder] = [scene, replica, way, folder];
    this.primary = join(folder, 'primary');
  }

  static async open(): Promise<Pair> {
    const scene = await Scene.open();
    const [replica, way] = [await scene.another(), await startWay(() => scene.redis.port)];
    const pair = new Pair(scene, replica, way, await mkdtemp(join(tmpdir(), 'manager-failover-')));
    await pair.#say(scene.redis);
    await on(replica, async (client) => {
      await client.replicaof('127.0.0.1', new URL(way.url).port);
      await until(
        () => client.info('replication'),
        (info) => info.includes('master_link_status:up'),
        { within: 60_000, what: 'The replica' },
      );
    });
    return pair;
  }

  /** What the primary takes from now on, and says that it took, the replica never sees. */
  falls(): void {
    this.#way.swallow();
  }

  /** The primary dies, and the replica takes its place. */
  async failOver(): Promise<void> {
    await this.scene.redis.kill();
    await on(this.#replica, (client) => client.replicaof('NO', 'ONE'));
    await this.#say(this.#replica);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
    await this.#way.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** In one step, so that nobody reads half of it. */
  async #say({ url }: RedisServer): Promise<void> {
    await writeFile(`${this.primary}.new`, url);
    await rename(`${this.primary}.new`, this.primary);
  }
}

describe('a failover to a replica that lags behind', () => {
  it.concurrent(
    'loses nothing for good: it is sent again, and each call is counted once in the same session',
    async () => {
      await using pair = await Pair.open();
      const { scene, primary } = pair;
      await scene.host({ primary });
      const actors = await scene.actors(2, { primary });
      for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
      const sessions = (): Promise<unknown[]> => Promise.all(actors.map((actor) => actor.ask('session', 0)));
      const held = await sessions();
      const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 3, 20, 8000));
      await sleep(400);
      pair.falls();
      await sleep(LEASE / 3);
      await pair.failOver();
      for (const report of await Promise.all(driving)) {
        expect(report).toEqual(expect.objectContaining({ acknowledged: CALLS, failed: {} }));
      }
      expect(await actors[0]?.ask('call', 0, 'count', 'the last')).toBe(actors.length * CALLS + 1);
      expect(await sessions()).toEqual(held);
    },
  );

  it.concurrent('that forgets who has a name is told to those who held its object', async () => {
    await using pair = await Pair.open();
    const { scene, primary } = pair;
    const first = await scene.host({ primary, name: 'first' });
    const second = await scene.host({ primary, name: 'second' });
    const [holder, other] = await scene.actors(2, { primary });
    if (!holder || !other) throw new Error('Somebody is missing');
    await holder.ask('create', 'Tally');
    pair.falls();
    // The claim of the name is taken and acknowledged, and lost with the primary.
    const key = await holder.ask('get', 'Tally', 'contested', 'first');
    expect(await holder.ask('call', key, 'count', 'one')).toBe(1);
    first.pause();
    await pair.failOver();
    const theirs = await other.ask('get', 'Tally', 'contested', 'second');
    expect(await other.ask('call', theirs, 'count', 'two')).toBe(1);

    const call = holder.ask('callWithin', key, 4 * LEASE, 'count', 'three').catch((error: unknown) => error);
    await sleep(100);
    first.resume();
    await until(
      () => first.logged(/lost its name to another server/),
      (logged) => logged,
      { within: 4 * LEASE, what: 'Word of the lost name' },
    );
    // A call that was under way may still have been answered; one of the two is told.
    const outcomes = [await call, await holder.ask('call', key, 'count', 'four').catch((error: unknown) => error)];
    expect(outcomes).toContainEqual(expect.objectContaining({ class: 'ObjectLostError' }));
    expect(second.running).toBe(true);
    expect(await other.ask('call', theirs, 'count', 'five')).toBe(2);
  });
});
