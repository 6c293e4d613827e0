import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Stage, type ApplicationWorker, type ServerWorker } from './support/stage.js';
import type { RaceReport } from './workers/application.js';

jest.setTimeout(30_000);

const RACERS = 4;

const fifty = (prefix: string): string[] => Array.from({ length: 50 }, (_, index) => `${prefix} ${index}`);

/** Time for every worker to have its command before the race begins. */
const soon = (): number => Date.now() + 300;

describe('applications that ask for the same names at once', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let racers: ApplicationWorker[];

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server({ name: 'one' });
    racers = await stage.applications(RACERS);
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  /** `servers`: where each racer asks, in turn. */
  const race = (
    typeid: string,
    names: string[],
    times: number,
    { args = [], servers = [] }: { args?: unknown[]; servers?: string[] } = {},
  ): Promise<RaceReport[]> => {
    const at = soon();
    return Promise.all(
      racers.map((racer, index) => {
        const server = servers[index % servers.length];
        return racer.ask('race', typeid, names, times, at, { args, ...(server !== undefined && { server }) });
      }),
    );
  };

  const constructed = async (prefix: string, servers: ServerWorker[]): Promise<[what: string, times: number][]> => {
    const noted = await Promise.all(servers.map((one) => one.ask('noted')));
    return noted.flatMap((each) => Object.entries(each).filter(([what]) => what.startsWith(`new Room ${prefix}`)));
  };

  it('get the same fifty objects, each made once', async () => {
    const names = fifty('room');
    const reports = await race('Room', names, 1000);
    expect(reports.flatMap(({ errors }) => errors)).toEqual([]);
    for (const name of names) {
      const tokens = reports.flatMap((report) => report.tokens[name] ?? []);
      expect(tokens).toHaveLength(RACERS * 20);
      expect(new Set(tokens.map(({ id }) => id)).size).toBe(1);
      expect(new Set(reports.flatMap((report) => report.answers[name]))).toEqual(new Set([name]));
    }
    const made = await constructed('room', [server]);
    expect(made).toHaveLength(50);
    expect(made.filter(([, times]) => times !== 1)).toEqual([]);
    expect(await racers[0]?.ask('numberOfObjects')).toBe(50);
  });

  it('all hear the error of a constructor that throws, and the next one who asks has it run anew', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const failing = await race('Fragile', names, 50, { args: [1] });
    const errors = failing.flatMap((report) => report.errors);
    expect(errors).toHaveLength(RACERS * 50);
    for (const error of errors) {
      expect(error).toMatchObject({ class: 'RoomFullError', message: 'All 1 seats are taken.', fields: { seats: 1 } });
    }
    const before = await server.ask('noted');
    for (const name of names) expect(before[`attempt ${name}`]).toBe(1);

    const again = await race('Fragile', names, 50, { args: [1] });
    expect(again.flatMap((report) => report.errors)).toEqual([]);
    const noted = await server.ask('noted');
    for (const name of names) {
      expect(noted[`attempt ${name}`]).toBe(2);
      expect(noted[`new Room ${name}`]).toBe(1);
      expect(new Set(again.flatMap((report) => report.tokens[name] ?? []).map(({ id }) => id)).size).toBe(1);
    }
  });

  it('hear the error of a synchronous constructor, until it makes the object', async () => {
    const reports = await race('Grumpy', ['troll'], 20, { args: [3] });
    const failures = new Set(reports.flatMap(({ errors }) => errors.map((error) => `${error.class} ${error.message}`)));
    for (const failure of failures) expect(failure).toMatch(/^RoomFullError All [123] seats are taken\.$/);
    const attempts = async (): Promise<unknown> => (await server.ask('noted'))['new Grumpy troll'];
    const asker = racers[0] as ApplicationWorker;
    while (Number(await attempts()) < 4) await asker.ask('get', 'Grumpy', 'troll', 'troll', 3).catch(() => undefined);
    const key = await asker.ask('get', 'Grumpy', 'troll', 'troll', 3);
    expect(await asker.ask('call', key, 'ping')).toBe('pong');
    expect(await attempts()).toBe(4);
  });

  it('at two servers get each name at one of them, and the others hear where it is', async () => {
    const servers = [server, await stage.server({ name: 'two' })];
    const names = fifty('suite');
    const reports = await race('Room', names, 1000, { servers: ['one', 'two'] });
    for (const name of names) {
      const tokens = reports.flatMap((report) => report.tokens[name] ?? []);
      expect(tokens).toHaveLength((RACERS / 2) * 20);
      expect(new Set(tokens.map((token) => `${token.server} ${token.id}`)).size).toBe(1);
    }
    const errors = reports.flatMap((report) => report.errors);
    expect(errors).toHaveLength((RACERS / 2) * 1000);
    for (const { message } of errors) expect(message).toMatch(/belongs to the server "(one|two)", not to "(one|two)"/);
    const made = await constructed('suite', servers);
    expect(made).toHaveLength(50);
    expect(made.filter(([, times]) => times !== 1)).toEqual([]);

    // Who does not say where is sent there.
    const again = await race('Room', names, 50);
    expect(again.flatMap((report) => report.errors)).toEqual([]);
    expect(await constructed('suite', servers)).toHaveLength(50);
  });
});
