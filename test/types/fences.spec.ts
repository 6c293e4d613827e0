import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { Stage, type OwnerWorker, type ServerWorker } from '../support/stage.js';

jest.setTimeout(30_000);

describe('the fence of a lock', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let owners: OwnerWorker[];

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server();
    owners = await Promise.all([stage.owner('first'), stage.owner('second')]);
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  /** The fences of so many grants, by turns of the applications. */
  const grants = async (name: string, count: number): Promise<bigint[]> => {
    const fences: bigint[] = [];
    for (let i = 0; i < count; i++) {
      const owner = owners[i % owners.length] as OwnerWorker;
      expect(await owner.ask('call', 'a task', name, 'acquire')).toBe(true);
      fences.push((await owner.ask('call', 'a task', name, 'fence')) as bigint);
      await owner.ask('call', 'a task', name, 'release');
    }
    return fences;
  };
  const grow = (fences: readonly bigint[]): boolean =>
    fences.every((fence, i) => i === 0 || fence > (fences[i - 1] as bigint));

  it('grows from grant to grant, over applications and restarts', async () => {
    const kinds = ['lock', 'rlock'] as const;
    for (const kind of kinds) for (const owner of owners) await owner.ask('open', kind, kind);
    const fences = { lock: await grants('lock', 10), rlock: await grants('rlock', 10) };
    await server.kill();
    server = await stage.server({ takeover: true });
    for (const kind of kinds) {
      for (const owner of owners) {
        const first = await owner.ask('call', 'a task', kind, 'locked').catch((error: unknown) => error);
        expect(first).toMatchObject({ class: 'ObjectLostError' });
      }
      fences[kind].push(...(await grants(kind, 10)));
      expect(fences[kind]).toHaveLength(20);
      expect(grow(fences[kind])).toBe(true);
      // So that a database column can hold it.
      expect(fences[kind].at(-1)).toBeLessThan(2n ** 63n);
    }
  });
});
