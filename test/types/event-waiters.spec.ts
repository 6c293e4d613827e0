import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { LEASE, Stage, type ApplicationWorker, type ServerWorker } from '../support/stage.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const WAITERS = 10_000;
const COLLECTING = ['--expose-gc'];

describe('10,000 waiters of two applications on one event', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let waiters: ApplicationWorker[];
  let starter: ApplicationWorker;
  /** The number of the event's proxy in each. */
  let keys: number[];
  let key: number;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server({}, COLLECTING);
    waiters = await Promise.all([stage.application({}, COLLECTING), stage.application({}, COLLECTING)]);
    starter = await stage.application();
    keys = await Promise.all(waiters.map((worker) => worker.ask('get', 'event', 'start')));
    key = await starter.ask('get', 'event', 'start');
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  /** Waiters of the event, and calls that run on it. */
  const counts = async (): Promise<[unknown, number]> => {
    const { servers } = await starter.ask('debugInfo');
    const event = servers.flatMap(({ objects }) => objects).find(({ typeid }) => typeid === 'event');
    return [event?.state?.['waiting'], event?.holders.find(({ kind }) => kind === 'call')?.running ?? 0];
  };
  const untilCounts = (count: number, within = 15_000): Promise<unknown> =>
    until(counts, ([waiting, running]) => waiting === count && running === count, { within, what: `${count} waiters` });

  /** Has all of them wait for a `set`; the ms from there to the last answer. */
  const round = async (): Promise<number> => {
    await Promise.all(waiters.map((worker, i) => worker.ask('begin', keys[i]!, WAITERS / 2, 'wait')));
    await untilCounts(WAITERS);
    const since = Date.now();
    await starter.ask('call', key, 'set');
    const ended = await Promise.all(waiters.map((worker) => worker.ask('ended')));
    for (const { answers } of ended) expect(answers).toEqual({ true: WAITERS / 2 });
    await untilCounts(0);
    await starter.ask('call', key, 'clear');
    return Math.max(...ended.map(({ at }) => at)) - since;
  };
  const heaps = (): Promise<number[]> => Promise.all([server, ...waiters].map((worker) => worker.ask('heap')));

  it('are woken within a second of its set, and leave nothing behind', async () => {
    await round();
    const before = await heaps();
    expect(await round()).toBeLessThan(1000);
    for (const [index, after] of (await heaps()).entries()) expect(after / before[index]!).toBeLessThan(1.1);
  });

  it('leave nothing behind where their application is killed', async () => {
    const [killed] = waiters as [ApplicationWorker];
    await killed.ask('begin', keys[0]!, WAITERS / 2, 'wait');
    await untilCounts(WAITERS / 2);
    await killed.kill();
    await untilCounts(0, LEASE + 1000);
    await starter.ask('call', key, 'set');
    expect(await starter.ask('call', key, 'wait')).toBe(true);
  });
});
