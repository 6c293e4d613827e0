import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage } from './support/stage.js';
import { until } from './support/until.js';

jest.setTimeout(60_000);

describe('applications that are killed', () => {
  let redis: RedisServer;
  let stage: Stage;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  it('give back what they held within the lease and one second, and nobody else notices', async () => {
    await stage.server();
    const applications = await stage.applications(10);
    const [killed, living] = [applications.slice(0, 5), applications.slice(5)];
    const [watcher] = living;
    if (!watcher) throw new Error('There is nobody left to watch');
    await Promise.all(applications.map((application) => application.ask('hold', 'Thing', 1000)));
    expect(await watcher.ask('numberOfObjects')).toBe(10_000);
    const keys = await Promise.all(living.map((application) => application.ask('create', 'Counter')));
    const counted = 10_000 + living.length;

    const drives = living.map((application, index) =>
      application.ask('drive', { calls: 5000, batch: 25, every: 20, key: keys[index] as number }),
    );
    await Promise.all(killed.map((application) => application.kill()));
    const back = await until(
      () => watcher.ask('numberOfObjects'),
      (count) => count <= counted - 5000,
      { within: 2 * LEASE, what: 'What the killed applications held' },
    );
    expect(back.answer).toBe(counted - 5000);
    expect(back.after).toBeLessThanOrEqual(LEASE + 1000);

    for (const report of await Promise.all(drives)) {
      expect(report).toMatchObject({ acknowledged: 5000, failed: {}, errors: [] });
      expect(report.slowest).toBeLessThan(LEASE);
    }
    const { servers } = await watcher.ask('debugInfo');
    const holders = servers.flatMap(({ objects }) => objects.flatMap((object) => object.holders));
    const names = new Set(holders.filter(({ kind }) => kind === 'session').map(({ application }) => application));
    expect(names).toEqual(new Set(living.map(({ name }) => name)));
    expect(new Set(holders.map(({ pid }) => pid))).toEqual(new Set(living.map(({ pid }) => pid)));
    for (const application of living) {
      const held = holders.filter((holder) => holder.application === application.name);
      expect(held).toHaveLength(1001);
    }
  });
});
