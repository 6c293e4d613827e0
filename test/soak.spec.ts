// One hour of use in a minute or several; `npm run test:soak` sets what is read from the environment here.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage, type ChurnerWorker, type ServerWorker } from './support/stage.js';
import { until } from './support/until.js';
import { Random } from './workers/random.js';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 1);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
/** To find what leaks: only these of the churner's actions. */
const ONLY = process.env['SOAK_ONLY']?.split(',');
const PROCESSES = 8;
/** Of them, those that live from beginning to end: their heaps are measured too. */
const STEADY = 2;
/** Ms from one end of an application to the next. */
const UNREST = 1500;
/** Heaps may grow by a tenth. They are small, so that this is little more than what code compiled meanwhile takes. */
const GROWTH = 1.1;
/** What is under way between two servers and a process that was killed is held so long. */
const TRANSIT = 60_000;
/** By then every other ticket ran out and every dead session's lease. */
const REST = LEASE + 5000;

const SERVERS = process.env['SOAK_SERVERS']?.split(',') ?? ['first', 'second'];
const MARKET = 'market';

jest.setTimeout((MINUTES + 3) * 60_000);

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

describe(`references in churn for ${MINUTES} min (seed ${SEED})`, () => {
  let redis: RedisServer;
  let client: Redis;
  let stage: Stage;

  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    stage = new Stage(redis);
  });
  afterAll(async () => {
    client.disconnect();
    await stage.close();
    await redis.stop();
  });

  const random = new Random(SEED);
  const total: { done: Record<string, number>; refused: Record<string, number>; errors: string[] } = {
    done: {},
    refused: {},
    errors: [],
  };

  /** How many objects each server says it has, in the directory. */
  const hosts = async (): Promise<number[]> => {
    const entries = Object.values(await client.hgetall(`${stage.namespace}:{servers}:directory`));
    return entries.map((text) => (JSON.parse(text) as { objects: number }).objects);
  };

  /** What is there still, and who holds it; but for what waits in a ticket that a process took with it when it ended. */
  const census = async (by: ChurnerWorker): Promise<string[]> => {
    const { servers } = await by.ask('debugInfo');
    return servers.flatMap(({ server, objects }) =>
      objects
        .filter(({ holders }) => !holders.every(({ kind }) => kind === 'ticket'))
        .map(({ id, typeid, holders }) => `${server} ${typeid} #${id}: ${JSON.stringify(holders)}`),
    );
  };

  /** The same: sessions that were opened at a server and have not ended, by its log. */
  const openAt = (server: ServerWorker): string[] => {
    const open = new Map<string, string>();
    for (const { text } of server.logs) {
      const [, session, rest] = /^Session (\S+) of (.*)$/.exec(text) ?? [];
      if (session === undefined || rest === undefined) continue;
      if (rest.endsWith(' opened')) open.set(session, rest);
      else if (rest.includes(' ended: ')) open.delete(session);
    }
    return [...open].map(([session, rest]) => `${server.name}: ${session} of ${rest}`);
  };

  const churner = async (): Promise<ChurnerWorker> => {
    const seed = random.below(2 ** 30);
    const made = await stage.churner({ seed, servers: SERVERS, market: MARKET, ...(ONLY && { only: ONLY }) });
    await made.ask('churn');
    return made;
  };

  /** What the churner did since it was last asked. */
  const account = (worker: ChurnerWorker, report: Awaited<ReturnType<typeof worker.ask<'close'>>>): void => {
    for (const [name, count] of Object.entries(report.done)) total.done[name] = (total.done[name] ?? 0) + count;
    for (const [name, count] of Object.entries(report.refused))
      total.refused[name] = (total.refused[name] ?? 0) + count;
    total.errors.push(...report.errors.map((error) => `${worker.name}: ${error}`));
  };

  it('leaves nothing behind', async () => {
    const measured = ['--expose-gc', '--import', new URL('./workers/dist/timers.js', import.meta.url).href];
    const servers: ServerWorker[] = [];
    for (const name of SERVERS) servers.push(await stage.server({ name }, measured));
    const [first] = servers as [ServerWorker];

    const early = await stage.churner({ seed: 0, servers: SERVERS, market: MARKET });
    await early.ask('acquaint');
    await early.ask('close');
    await early.kill();
    await until(hosts, (objects) => objects.every((count) => count === 0), { within: REST, what: 'The beginning' });
    const atFirst = await Promise.all(servers.map((server) => server.ask('resources')));

    const steady = await Promise.all(Array.from({ length: STEADY }, churner));
    const restless = await Promise.all(Array.from({ length: PROCESSES - STEADY }, churner));
    const since = Date.now();
    const ends = { killed: 0, closed: 0 };

    /** Ends one application after another, in order or not, and puts another in its place. */
    const churn = async (end: number): Promise<void> => {
      while (Date.now() < end) {
        await sleep(UNREST);
        const [leaving] = restless.splice(random.below(restless.length), 1) as [ChurnerWorker];
        if (random.below(3) > 0) {
          ends.killed++;
          await leaving.kill();
        } else {
          ends.closed++;
          account(leaving, await leaving.ask('close'));
          await leaving.kill();
        }
        restless.push(await churner());
      }
    };

    /** Everybody gives everything back; resolves with the heaps of the servers and of the steady applications. */
    const rest = async (): Promise<number[]> => {
      const all = [...steady, ...restless];
      for (const [index, report] of (await Promise.all(all.map((each) => each.ask('rest')))).entries()) {
        account(all[index] as ChurnerWorker, report);
      }
      await client.del(MARKET);
      await (steady[0] as ChurnerWorker).ask('unlink');
      const left = async (): Promise<string[]> => {
        // What is found here may have held something that is found only then, perhaps elsewhere.
        await Promise.all([...servers, ...all].map((worker) => (worker as ServerWorker).ask('collect')));
        return census(steady[0] as ChurnerWorker);
      };
      await until(left, ({ length }) => length === 0, { within: REST, what: 'An end of all objects' });
      return Promise.all([...servers, ...steady].map((worker) => (worker as ServerWorker).ask('heap')));
    };

    const third = (MINUTES * 60_000) / 3;
    await churn(since + third);
    const before = await rest();
    await Promise.all([...steady, ...restless].map((each) => each.ask('churn')));
    await churn(since + 3 * third);
    const after = await rest();

    const all = Object.values(total.done).reduce((sum, count) => sum + count, 0);
    const seconds = (Date.now() - since) / 1000;
    say(`soak: seed ${SEED}, ${seconds.toFixed(0)} s, ${all} actions (${(all / seconds).toFixed(0)}/s), of which`);
    say(`  ${JSON.stringify(total.done)}`);
    say(`  refused as expected: ${JSON.stringify(total.refused)}; killed ${ends.killed}, closed ${ends.closed}`);
    const names = [...SERVERS, ...steady.map(({ name }) => name)];
    for (const [index, name] of names.entries()) {
      say(
        `  heap of ${name}: ${mebibytes(before[index] as number)} at a third, ${mebibytes(after[index] as number)} at the end`,
      );
    }
    expect(total.errors).toEqual([]);
    for (const [index] of names.entries()) {
      expect(after[index]).toBeLessThan((before[index] as number) * GROWTH);
    }

    for (const each of [...steady, ...restless]) {
      await each.ask('close');
      await each.kill();
    }
    const open = (): string[] => servers.flatMap(openAt).filter((session) => !/ of server /.test(session));
    await until(open, ({ length }) => length === 0, { within: REST, what: 'The end of all sessions' });
    await until(hosts, (objects) => objects.every((count) => count === 0), {
      within: TRANSIT + REST,
      what: 'The end of what was under way',
    });
    for (const [index, server] of servers.entries()) {
      await until(
        () => server.ask('resources'),
        (now) => Object.entries(now).every(([name, count]) => count <= (atFirst[index]?.[name] ?? 0)),
        {
          // Where a search for cycles took long, as on a busy machine, the next one is not soon.
          within: TRANSIT,
          what: `No more than ${server.name} began with, ${JSON.stringify(atFirst[index])},`,
        },
      );
      expect(server.logs.filter(({ level }) => level === 'error')).toEqual([]);
    }

    for (const server of servers.toReversed()) {
      await server.ask('close');
      await server.kill();
    }
    expect(first.running).toBe(false);
    const left = await client.keys('*');
    const lasting = [];
    for (const key of left) if ((await client.pttl(key)) < 0) lasting.push(key);
    // The counter of generations is for ever. The inboxes of those who were killed go by themselves.
    expect(lasting).toEqual([`${stage.namespace}:{generation}:counter`]);
    const inboxes = left.filter((key) => /\{c-[\w-]+\}:(frames|beats)$/.test(key));
    expect(left.length - inboxes.length).toBe(1);
    expect(inboxes.length).toBeLessThanOrEqual(2 * ends.killed);
  });
});
