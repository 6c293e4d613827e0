// Shared memory across processes: who sees what, and what is left when they end.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { shareableListBehaviour } from '../../libs/manager/src/types/shareableList/shareableList.suite.js';
import { sharedMemoryBehaviour } from '../../libs/manager/src/types/sharedMemory/sharedMemory.suite.js';
import { thisSite, userFolder } from '../../libs/manager/src/types/sharedMemory/site.js';
import { benchOverRedis, benchOverSocket } from '../support/built-in-bench.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { LEASE, Stage, type ServerWorker } from '../support/stage.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

/** Ms from the death of a server until nothing of it is left. */
const REAPED = 1000;
const VARIABLE = 'NESTJS_MANAGER_SHARED_MEMORY';

const suites = { sharedMemory: sharedMemoryBehaviour, shareableList: shareableListBehaviour };

describe.each([
  ['Redis', benchOverRedis],
  ['a socket', benchOverSocket],
])('over %s', (_medium, bench) => {
  const open = bench(Object.keys(suites));
  describe.each(Object.entries(suites))('%s', (_name, behaviour) => {
    behaviour(open);
  });
});

describe('shared memory', () => {
  let redis: RedisServer;
  let stage: Stage;
  /** In place of the system's folder, for the processes of one test. */
  let root: string;
  const roots: string[] = [];

  /** Processes that are started from now on have a folder of their own, as those of a container do. */
  const elsewhere = (): string => {
    const made = mkdtempSync(join(thisSite().root, 'shared-memory-'));
    roots.push(made);
    process.env[VARIABLE] = made;
    return made;
  };
  /** The folders of servers, and what is in them. */
  const left = (): string[] => {
    const parent = userFolder({ ...thisSite(), root });
    return existsSync(parent) ? readdirSync(parent, { recursive: true }).map(String) : [];
  };
  const blocks = (): number => left().filter((name) => /[/\\][0-9a-f]{32}$/.test(name)).length;
  const nothingLeft = (within: number): Promise<{ after: number }> =>
    until(left, (names) => names.length === 0, { within, every: 5, what: 'The end of all files' });

  beforeAll(async () => void (redis = await startRedis()));
  afterAll(() => redis.stop());
  beforeEach(() => {
    stage = new Stage(redis);
    root = elsewhere();
  });
  afterEach(async () => {
    delete process.env[VARIABLE];
    await stage.close();
    for (const made of roots.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  it('is seen by every process that has it: by its name, by a ticket, out of a container', async () => {
    await stage.server();
    const [one, two, three] = await stage.applications(3);
    const mine = await one!.ask('built', 'sharedMemory', 4096, { name: 'frame' });
    const byName = await two!.ask('built', 'sharedMemory', { name: 'frame' });
    const byTicket = await three!.ask('redeem', await one!.ask('ticket', mine));
    await one!.ask('call', mine, 'write', 0, Buffer.from('one'));
    await two!.ask('call', byName, 'write', 4000, Buffer.from('two'));
    for (const [worker, key] of [
      [one!, mine],
      [two!, byName],
      [three!, byTicket],
    ] as const) {
      const bytes = Buffer.from((await worker.ask('call', key, 'read')) as Uint8Array);
      expect([bytes.toString('utf8', 0, 3), bytes.toString('utf8', 4000, 4003)]).toEqual(['one', 'two']);
    }
  });

  it('has whole items in its lists, however many processes set them at once', async () => {
    await stage.server();
    const [writers, reader] = [await stage.applications(2), await stage.application()];
    const items = ['a'.repeat(20_000), 'b'.repeat(19_000)];
    const list = await reader.ask('built', 'shareableList', [items[0], 0], { name: 'torn' });
    const keys = await Promise.all(writers.map((writer) => writer.ask('built', 'shareableList', { name: 'torn' })));
    for (const [i, writer] of writers.entries()) await writer.ask('begin', keys[i]!, 1000, 'set', 0, items[i]);
    await reader.ask('begin', list, 1000, 'at', 0);
    const { answers } = await reader.ask('ended');
    const odd = Object.keys(answers).filter((answer) => !items.includes(answer));
    expect(odd.map((answer) => `${answer.slice(0, 200)}…`)).toEqual([]);
    for (const writer of writers) expect((await writer.ask('ended')).answers).toEqual({ undefined: 1000 });
    expect(items).toContain(await reader.ask('call', list, 'at', 0));
  });

  it('is given back by an application that is killed, within its lease and a second', async () => {
    await stage.server();
    const [one, two] = await stage.applications(2);
    const mine = await one!.ask('built', 'sharedMemory', 1000);
    await one!.ask('built', 'shareableList', [1, 2, 3]);
    const name = await one!.ask('call', mine, 'name');
    const theirs = await two!.ask('built', 'sharedMemory', { name });
    expect(blocks()).toBe(2);
    await one!.kill();
    await until(blocks, (count) => count === 1, { within: LEASE + 1000, what: 'The end of the list' });
    expect(await two!.ask('call', theirs, 'read', 0, 1)).toHaveLength(1);
    await two!.ask('release', theirs);
    await until(blocks, (count) => count === 0, { within: 2000 });
  });

  it('is gone a second after its server was killed, and so is the process that saw to that', async () => {
    const server = await stage.server();
    const application = await stage.application();
    const block = await application.ask('built', 'sharedMemory', 1000, { name: 'frame' });
    await application.ask('built', 'shareableList', [1, 2, 3]);
    expect(blocks()).toBe(2);
    const reaper = reaperOf(server);
    // It is in a session of its own: what a terminal sends to its foreground does not reach it.
    expect(stateOf(reaper)?.session).toBe(reaper);
    await server.kill();
    const { after } = await nothingLeft(REAPED);
    expect(after).toBeLessThan(REAPED);
    await until(
      () => stateOf(reaper)?.state ?? 'gone',
      // Who takes in orphans has to bury them, too.
      (state) => state === 'gone' || state === 'Z',
      { within: REAPED },
    );
    // Who has it open could go on by itself: nobody else would see.
    await until(
      () => application.ask('call', block, 'read').catch((error: { class: string }) => error.class),
      (answer) => answer === 'ObjectLostError',
      { within: 3 * LEASE, what: 'Word of the loss' },
    );
  });

  it('is gone when its server has closed in order, which leaves no process', async () => {
    const server = await stage.server();
    const application = await stage.application();
    await application.ask('built', 'sharedMemory', 1000, { name: 'frame' });
    const reaper = reaperOf(server);
    server.signal('SIGTERM');
    await server.exited;
    expect(left()).toEqual([]);
    expect(stateOf(reaper)).toBeUndefined();
  });

  it('that a server left behind, who was killed together with its watcher, goes with the start of the next one', async () => {
    const server = await stage.server();
    const application = await stage.application();
    await application.ask('built', 'sharedMemory', 1000, { name: 'frame' });
    process.kill(reaperOf(server), 'SIGKILL');
    await server.kill();
    const [folder] = left();
    expect(blocks()).toBe(1);
    // Folders of this minute may be those of servers that are only starting.
    utimesSync(join(userFolder({ ...thisSite(), root }), folder as string), 0, 0);
    await stage.server({ name: 'next' });
    await nothingLeft(5000);
  });

  it('is an error for an application that has Redis in common with its server and no memory', async () => {
    await stage.server();
    const here = await stage.application();
    await here.ask('built', 'sharedMemory', 1000, { name: 'frame' });
    elsewhere();
    const there = await stage.application();
    const calls: unknown[][] = [[{ name: 'frame' }], [1000], [1000, { name: 'new' }]];
    for (const args of calls) {
      await expect(there.ask('built', 'sharedMemory', ...args)).rejects.toMatchObject({
        class: 'BlockUnreachableError',
        code: 'ERR_MANAGER_BLOCK_UNREACHABLE',
        message: expect.stringMatching(/Its server has it below .*, this process looks below /),
      });
    }
    await expect(there.ask('builtNamed', 'other', 'sharedMemory', 1000)).rejects.toMatchObject({
      class: 'BlockUnreachableError',
    });
    // What it could not use it does not hold, nor its name.
    await until(blocks, (count) => count === 1, { within: 2000 });
    for (const name of ['new', 'other']) await here.ask('built', 'sharedMemory', 1000, { name });
  });

  it('says at once where there is no room for it, and leaves nothing of it', async () => {
    const server = await stage.server();
    const application = await stage.application();
    await application.ask('built', 'sharedMemory', 1000);
    await promisify(execFile)('prlimit', ['--pid', String(server.pid), `--fsize=${256 * 1024}`]);
    await expect(application.ask('built', 'sharedMemory', 1024 * 1024)).rejects.toMatchObject({
      class: 'OverloadedError',
      message: expect.stringMatching(/^There is no room for a block of 1048576 bytes in /),
    });
    expect(blocks()).toBe(1);
    await application.ask('built', 'sharedMemory', 1000);
  });
});

/** The child of a server. */
function reaperOf({ pid }: ServerWorker): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

function stateOf(pid: number): { state: string; session: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return { state: fields[0] as string, session: Number(fields[3]) };
  } catch {
    return undefined;
  }
}
