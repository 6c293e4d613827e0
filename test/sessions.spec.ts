import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { BEAT, LEASE, Stage, type ApplicationWorker, type ServerWorker } from './support/stage.js';
import { until } from './support/until.js';

jest.setTimeout(30_000);

describe('the session of an application that does not run for a while', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let watcher: ApplicationWorker;
  let application: ApplicationWorker;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server();
    watcher = await stage.application();
  });
  beforeEach(async () => void (application = await stage.application()));
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  const expired = (): boolean => server.logged(new RegExp(`of ${application.name} .*gave no sign of life`));

  it('loses nothing in a pause shorter than the lease minus two beats', async () => {
    const key = await application.ask('create', 'Counter', 3);
    const token = await application.ask('token', key);
    for (let pauses = 0; pauses < 2; pauses++) {
      application.pause();
      await sleep(LEASE - 2 * BEAT - 100);
      application.resume();
      expect(await application.ask('call', key, 'increment')).toBe(4 + pauses);
    }
    expect(await application.ask('token', key)).toEqual(token);
    expect(expired()).toBe(false);
  });

  it('gives its references back in a longer one, says so of anonymous objects, and finds named ones again', async () => {
    const before = await watcher.ask('numberOfObjects');
    await application.ask('hold', 'Thing', 100);
    const anonymous = await application.ask('create', 'Counter');
    const kept = await application.ask('get', 'Counter', 'kept');
    const referenced = await application.ask('lazy', 'Counter', 'referenced', { keep: 'referenced' });
    await application.ask('call', kept, 'increment', 7);
    await application.ask('call', referenced, 'increment', 7);
    const token = await application.ask('token', kept);
    expect(await watcher.ask('numberOfObjects')).toBe(before + 103);

    application.pause();
    // Only the named object that is always kept stays.
    const { after } = await until(
      () => watcher.ask('numberOfObjects'),
      (count) => count === before + 1,
      { within: 2 * LEASE },
    );
    expect(after).toBeGreaterThan(LEASE / 2);
    expect(after).toBeLessThanOrEqual(LEASE + 1000);
    expect(expired()).toBe(true);
    application.resume();

    const gone = { class: 'SessionExpiredError', code: 'ERR_MANAGER_SESSION_EXPIRED' };
    await expect(application.ask('call', anonymous, 'value')).rejects.toMatchObject(gone);
    await expect(application.ask('call', anonymous, 'value')).rejects.toMatchObject({ ...gone, fate: 'not-executed' });
    expect(await application.ask('call', kept, 'increment')).toBe(8);
    expect(await application.ask('token', kept)).toEqual(token);
    await expect(application.ask('call', referenced, 'increment')).rejects.toMatchObject({ class: 'ObjectLostError' });
    expect(await application.ask('call', referenced, 'increment')).toBe(1);
  });

  it('that ends fails the call under way, whose fate is unknown', async () => {
    const key = await application.ask('get', 'Counter', 'late');
    await application.ask('call', key, 'increment');
    const slow = application.ask('call', key, 'later', LEASE + 1500).catch((error: unknown) => error);
    await sleep(100);
    application.pause();
    await until(expired, (ended) => ended, { within: 2 * LEASE });
    application.resume();
    expect(await slow).toMatchObject({ class: 'SessionExpiredError', fate: 'unknown' });
    expect(await application.ask('call', key, 'value')).toBeGreaterThanOrEqual(1);
  });

  it('ends at once where the application closes in order', async () => {
    const before = await watcher.ask('numberOfObjects');
    await application.ask('hold', 'Thing', 50);
    expect(await watcher.ask('numberOfObjects')).toBe(before + 50);
    application.signal('SIGTERM');
    await application.exited;
    const { after } = await until(
      () => watcher.ask('numberOfObjects'),
      (count) => count === before,
      { within: 1000 },
    );
    expect(after).toBeLessThan(500);
    expect(expired()).toBe(false);
  });
});
