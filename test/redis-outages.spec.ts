import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage, type ApplicationWorker } from './support/stage.js';
import type { DriveReport } from './workers/application.js';

jest.setTimeout(60_000);

const PROCESSES = 4;
const CALLS = 50_000;

describe('a counter called from four processes', () => {
  let redis: RedisServer;
  let stage: Stage;
  let applications: ApplicationWorker[];

  beforeAll(async () => {
    redis = await startRedis({ appendonly: true });
    stage = new Stage(redis);
    await stage.server();
    applications = await stage.applications(PROCESSES, { timeout: 20_000 });
    await Promise.all(applications.map((application) => application.ask('call', 0, 'value')));
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  const value = async (): Promise<number> =>
    Number(await (applications[0] as ApplicationWorker).ask('call', 0, 'value'));

  /** The sessions that hold the counter, by the server's own account. */
  const sessions = async (): Promise<unknown[]> => {
    const { servers } = await (applications[0] as ApplicationWorker).ask('debugInfo');
    const holders = servers.flatMap(({ objects }) => objects.flatMap((object) => object.holders));
    return holders.flatMap(({ session }) => session ?? []).sort();
  };

  /** 50,000 calls, spread over `ms`. */
  const drive = (ms: number): Promise<DriveReport[]> => {
    const calls = CALLS / PROCESSES;
    const batch = Math.ceil((calls * 20) / ms);
    return Promise.all(applications.map((application) => application.ask('drive', { calls, batch, every: 20 })));
  };

  /** Makes 50,000 calls over `ms` during an outage: each is acknowledged and counted once, and no session is lost. */
  const expectEachCountedOnce = async (ms: number, outage: () => Promise<void>): Promise<void> => {
    const [held, counted] = [await sessions(), await value()];
    expect(held).toHaveLength(PROCESSES);
    const driving = drive(ms);
    await outage();
    const reports = await driving;
    expect(reports.flatMap(({ errors }) => errors)).toEqual([]);
    expect(reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBe(CALLS);
    expect((await value()) - counted).toBe(CALLS);
    expect(await sessions()).toEqual(held);
  };

  /** One call of each process while Redis is away for `ms`. */
  const expectCallsToWait = async (ms: number): Promise<void> => {
    const [held, counted] = [await sessions(), await value()];
    await redis.kill();
    const calls = applications.map((application) => application.ask('call', 0, 'increment'));
    await sleep(ms);
    await redis.restart({ keepData: true });
    const since = performance.now();
    const numbers = (await Promise.all(calls)) as number[];
    expect(performance.now() - since).toBeLessThan(LEASE);
    expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4].map((number) => counted + number));
    expect(await sessions()).toEqual(held);
  };

  it('counts each of 50,000 calls once while Redis is restarted with its data', () =>
    expectEachCountedOnce(4000, async () => {
      for (let restarts = 0; restarts < 2; restarts++) {
        await sleep(1300);
        await redis.restart({ keepData: true });
      }
    }));

  it('counts each of 50,000 calls once while all connections are cut every 200 ms for 10 s', () =>
    expectEachCountedOnce(10_000, async () => {
      const killer = new Redis(redis.url);
      let cuts = 0;
      for (const since = performance.now(); performance.now() - since < 10_000; await sleep(200)) {
        cuts += Number(await killer.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
      }
      killer.disconnect();
      expect(cuts).toBeGreaterThan(200);
    }));

  it('counts each of 50,000 calls once, in the same sessions, though Redis comes back empty', async () => {
    await expectEachCountedOnce(3000, async () => {
      await sleep(1300);
      await redis.restart({ keepData: false });
    });
    // The names stand again too: whoever asks anew finds the same object.
    const late = await stage.application();
    expect(await late.ask('call', 0, 'value')).toBe(await value());
  });

  it('goes on after Redis was away for half the lease', () => expectCallsToWait(LEASE / 2));

  it('goes on after Redis was away for longer than the lease', () => expectCallsToWait(LEASE * 1.5));
});
