import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Stage, type ApplicationWorker } from './support/stage.js';
import { until } from './support/until.js';

jest.setTimeout(30_000);

describe('proxies that nobody released', () => {
  let redis: RedisServer;
  let stage: Stage;
  let application: ApplicationWorker;
  let watcher: ApplicationWorker;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    await stage.server();
    application = await stage.application({}, ['--expose-gc']);
    watcher = await stage.application();
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  const objects = (): Promise<number> => watcher.ask('numberOfObjects');
  const untilObjects = (count: number): Promise<unknown> =>
    until(
      async () => {
        await application.ask('collect');
        return objects();
      },
      (now) => now === count,
      { within: 5000, what: `${count} objects` },
    );
  const warnings = (): string[] =>
    application.logs.filter(({ level, text }) => level === 'warn' && /collected/.test(text)).map(({ text }) => text);

  it('are given back once the collector finds them, with a warning that names the place', async () => {
    const before = await objects();
    await application.ask('forget', 'Thing', 100);
    expect(await objects()).toBe(before + 100);
    await untilObjects(before);
    expect(warnings()).toHaveLength(100);
    for (const warning of warnings()) {
      expect(warning).toMatch(/^A proxy of Thing was collected without having been released/);
      // The place in the application's own code.
      expect(warning).toMatch(/\bforget\b.*workers\/(dist\/)?application\.[jt]s:\d+/);
    }
  });

  it('stay while somebody refers to them', async () => {
    const before = await objects();
    const key = await application.ask('create', 'Counter');
    for (let i = 0; i < 3; i++) await application.ask('collect');
    expect(await application.ask('call', key, 'increment')).toBe(1);
    expect(await objects()).toBe(before + 1);
    const warned = warnings().length;
    await application.ask('drop', key);
    await untilObjects(before);
    expect(warnings()).toHaveLength(warned + 1);
  });

  it('stay while a call of theirs is under way, which gets its answer', async () => {
    const before = await objects();
    expect(await application.ask('collectWhileCalling', 'Counter', 1000)).toBe(1);
    await untilObjects(before);
  });

  it('that were released in order leave no warning', async () => {
    const before = await objects();
    const warned = warnings().length;
    const key = await application.ask('create', 'Counter');
    await application.ask('release', key);
    await application.ask('drop', key);
    await untilObjects(before);
    expect(warnings()).toHaveLength(warned);
  });

  it('let go of a name that is kept while it is referred to', async () => {
    const before = await objects();
    const key = await application.ask('lazy', 'Counter', 'referenced', { keep: 'referenced' });
    expect(await application.ask('call', key, 'increment')).toBe(1);
    expect(await objects()).toBe(before + 1);
    await application.ask('drop', key);
    await untilObjects(before);
  });

  it('that were given back when their application closed leave no warning', async () => {
    const closing = await stage.application({}, ['--expose-gc']);
    const key = await closing.ask('create', 'Thing');
    await closing.ask('close');
    await closing.ask('drop', key);
    await closing.ask('collect');
    expect(closing.logs.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
