import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { Stage, type OwnerWorker, type ServerWorker } from '../support/stage.js';
import { until } from '../support/until.js';
import type { LogLine } from '../support/worker.js';

jest.setTimeout(30_000);

/** Ms in which a circle is told. */
const TOLD = 1500;

describe('tasks that wait for each other', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let owners: [OwnerWorker, OwnerWorker, OwnerWorker];
  let tests = 0;
  let linesBefore = 0;
  let waiting: Promise<unknown>[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server();
    owners = await Promise.all([stage.owner('ann'), stage.owner('bob'), stage.owner('cem')]);
  });
  beforeEach(async () => {
    linesBefore = server.logs.length;
    waiting = [];
    tests++;
    for (const kind of ['lock', 'rlock'] as const) {
      for (const index of [1, 2, 3])
        for (const owner of owners) await owner.ask('open', kind, named(`${kind} ${index}`));
    }
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });
  afterEach(() => waiting.forEach((each) => void each.catch(() => undefined)));

  /** Each test has locks of its own. */
  const named = (lock: string): string => `${lock} of ${tests}`;

  const alarms = (): LogLine[] => server.logs.slice(linesBefore).filter(({ text }) => /deadlock|for ever/i.test(text));
  const acquire = (owner: OwnerWorker, task: string, lock: string): Promise<unknown> =>
    owner.ask('call', task, named(lock), 'acquire');
  const release = (owner: OwnerWorker, task: string, lock: string): Promise<unknown> =>
    owner.ask('call', task, named(lock), 'release');
  /** Joins the line, and resolves once it stands there. */
  const wait = async (owner: OwnerWorker, task: string, lock: string): Promise<void> => {
    const { waiters } = await owner.ask('state', named(lock));
    waiting.push(acquire(owner, task, lock).then(() => release(owner, task, lock)));
    await until(
      () => owner.ask('state', named(lock)),
      (state) => state['waiters'] === (waiters as number) + 1,
      { within: 1000, every: 5 },
    );
  };
  const told = async (): Promise<string> => {
    const { answer } = await until(alarms, ({ length }) => length > 0, { within: TOLD, what: 'The alarm' });
    return answer[0]?.text ?? '';
  };

  it.each(['lock', 'rlock'])('two, over a %s each, are told with the locks that they wait for', async (kind) => {
    const [ann, bob] = owners;
    await acquire(ann, 'task', `${kind} 1`);
    await acquire(bob, 'task', `${kind} 2`);
    await wait(ann, 'task', `${kind} 2`);
    await wait(bob, 'task', `${kind} 1`);
    const text = await told();
    expect(text).toMatch(new RegExp(`of ann waits for ${kind} #\\d+ \\("${named(`${kind} 2`)}"\\)`));
    expect(text).toMatch(new RegExp(`of bob waits for ${kind} #\\d+ \\("${named(`${kind} 1`)}"\\)`));
    await release(ann, 'task', `${kind} 1`);
    await waiting[1];
    await release(bob, 'task', `${kind} 2`);
    await waiting[0];
    expect(alarms()).toHaveLength(1);
  });

  it('three are told in the order of the circle', async () => {
    const [ann, bob, cem] = owners;
    await acquire(ann, 'task', 'lock 1');
    await acquire(bob, 'task', 'rlock 2');
    await acquire(cem, 'task', 'lock 3');
    await wait(ann, 'task', 'rlock 2');
    await wait(bob, 'task', 'lock 3');
    await wait(cem, 'task', 'lock 1');
    const text = await told();
    const order = [...text.matchAll(/of (\w+) waits for \w+ #\d+ \("([^"]+)"\)/g)].map(([, who, what]) => [who, what]);
    const at = order.findIndex(([who]) => who === 'ann');
    expect([...order.slice(at), ...order.slice(0, at)]).toEqual([
      ['ann', named('rlock 2')],
      ['bob', named('lock 3')],
      ['cem', named('lock 1')],
    ]);
    await release(ann, 'task', 'lock 1');
    await waiting[2];
    await release(cem, 'task', 'lock 3');
    await waiting[1];
    await release(bob, 'task', 'rlock 2');
    await waiting[0];
    expect(alarms()).toHaveLength(1);
  });

  it('those that merely queue are not told, nor one task that waits while another of its application holds', async () => {
    const [ann, bob] = owners;
    await acquire(ann, 'one', 'lock 1');
    await acquire(bob, 'one', 'lock 2');
    await wait(bob, 'one', 'lock 1');
    // The application of bob's task holds `lock 2`, and that of ann's `lock 1`; its tasks are others.
    await wait(ann, 'another', 'lock 2');
    await sleep(TOLD);
    expect(alarms()).toEqual([]);
    await release(ann, 'one', 'lock 1');
    await waiting[0];
    await release(bob, 'one', 'lock 2');
    await waiting[1];
  });
});
