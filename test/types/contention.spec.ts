// Four applications that want the same at once; `npm run test:contention` sets what is read from the environment here.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { Stage, type ContenderWorker, type OwnerWorker } from '../support/stage.js';

const times = (name: string, short: number): number => Number(process.env[`CONTENTION_${name}`] ?? short);
const INCREMENTS = times('INCREMENTS', 400);
const ITEMS = times('ITEMS', 3000);
const ROUNDS = times('ROUNDS', 100);
const BUFFERED = times('BUFFERED', 300);
/** The long form says how long it took. */
const TOLD = process.env['CONTENTION_TOLD'] !== undefined;

const PROCESSES = 4;
/** Ms that one of them may take, on a machine that has much else to do. */
const LIMIT = 60_000 + 40 * Math.max(INCREMENTS, BUFFERED) + 10 * ITEMS + 100 * ROUNDS;
const PRODUCERS = 3;
const CONSUMERS = 3;
const SIZE = 8;

jest.setTimeout(LIMIT);

describe(`contention of ${PROCESSES} applications`, () => {
  let redis: RedisServer;
  let stage: Stage;
  let contenders: [ContenderWorker, ContenderWorker, ContenderWorker, ContenderWorker];
  let observer: OwnerWorker;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    await stage.server();
    const [owner, all] = await Promise.all([stage.owner('observer'), stage.contenders(PROCESSES)]);
    observer = owner;
    contenders = all as typeof contenders;
    for (const contender of contenders) contender.patience = LIMIT;
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  /** Says how long it took, where that is wanted. */
  const timed = async (what: string, count: number, run: () => Promise<void>): Promise<void> => {
    const since = performance.now();
    await run();
    const ms = performance.now() - since;
    if (!TOLD) return;
    const rate = `${((count / ms) * 1000).toFixed(0)}/s`;
    process.stdout.write(`contention: ${count} ${what} in ${(ms / 1000).toFixed(1)} s (${rate})\n`);
  };
  /** Each number of each producer came once, and to each consumer in the order of its producer. */
  const expectAll = (got: readonly number[][][], count: number): void => {
    for (const byProducer of got) {
      for (const numbers of byProducer) {
        expect((numbers ?? []).every((number, i) => i === 0 || number > (numbers[i - 1] as number))).toBe(true);
      }
    }
    for (let producer = 0; producer < PRODUCERS; producer++) {
      const numbers = got.flatMap((byProducer) => byProducer[producer] ?? []).toSorted((a, b) => a - b);
      expect(numbers).toHaveLength(count);
      expect(numbers.every((number, i) => number === i)).toBe(true);
    }
  };

  it(`loses none of ${INCREMENTS} increments under a lock`, async () => {
    const tasks = 2;
    const each = INCREMENTS / PROCESSES / tasks;
    await timed('increments under a lock', INCREMENTS, async () => {
      await Promise.all(contenders.map((one) => one.ask('increment', 'lock', 'count', tasks, each)));
    });
    await observer.ask('open', 'value', 'count', [0]);
    expect(await observer.ask('call', undefined, 'count', 'get')).toBe(INCREMENTS);
  });

  it(`passes ${ITEMS} items through a queue of ${SIZE}, each once and in order`, async () => {
    const [first, second, third, fourth] = contenders;
    const count = ITEMS / PRODUCERS;
    await timed('items through a bounded queue', ITEMS, async () => {
      const consumers = [second, third, fourth].map((one) => one.ask('consume', 'queue', SIZE));
      await Promise.all([first, second, third].map((one, i) => one.ask('produce', 'queue', SIZE, i, count)));
      await fourth.ask('finish', 'queue', SIZE);
      expectAll(await Promise.all(consumers), count);
    });
  });

  it(`lets 5 parties meet at a barrier ${ROUNDS} times`, async () => {
    const parties = 5;
    await timed(`rounds of a barrier of ${parties}`, ROUNDS, async () => {
      const met = await Promise.all(
        contenders.map((one, i) => one.ask('meet', 'barrier', 'met', parties, i === 0 ? 2 : 1, ROUNDS)),
      );
      const all = met.flat();
      expect(all).toHaveLength(parties);
      for (let round = 0; round < ROUNDS; round++) {
        const here = all.map((rounds) => rounds[round]);
        expect(new Set(here.map((one) => one?.index))).toEqual(new Set([0, 1, 2, 3, 4]));
        // Nobody was through before all had counted, nor a round ahead of another.
        for (const one of here) {
          expect(one?.counted).toBeGreaterThanOrEqual((round + 1) * parties);
          expect(one?.counted).toBeLessThan((round + 2) * parties);
        }
      }
    });
  });

  it(`passes ${BUFFERED} items through a buffer made of conditions, without a lost wake-up`, async () => {
    const buffer = { items: 'items', lock: 'lock of the buffer', notFull: 'not full', notEmpty: 'not empty' };
    const [first, second, third, fourth] = contenders;
    const count = BUFFERED / PRODUCERS;
    await timed('items through a buffer made of conditions', BUFFERED, async () => {
      const consumers = [second, third, fourth].map((one) => one.ask('drain', buffer, BUFFERED / CONSUMERS));
      await Promise.all([first, second, third].map((one, i) => one.ask('fill', buffer, SIZE, i, count)));
      expectAll(await Promise.all(consumers), count);
    });
  });
});
