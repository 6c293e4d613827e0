import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import {
  CallTimeoutError,
  ConfigurationError,
  OverloadedError,
  StateError,
  WorkerLostError,
} from '../../protocol/index.js';
import { createTestManager } from '../../testing/index.js';
import { poolBehaviour, poolSuiteTypes, TASKS } from './pool.suite.js';
import { poolThreads } from './threads.suite.js';
import { Pool } from './referent.js';
import { untilState } from '../support/state.suite.js';
import type { Bench } from '../support/bench.suite.js';

const open = async (): Promise<Bench> => {
  const test = await createTestManager({ types: poolSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
};

describe('the work of a pool', () => {
  poolBehaviour(open);
});
describe('the life of a pool', () => {
  poolThreads(open);
});

describe('the pools of a server', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pools-'));
    await writeFile(join(folder, 'tasks.mjs'), 'export const one = () => 1;');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('have so many threads together at most', async () => {
    await using test = await createTestManager({ limits: { threads: 3 } });
    const { manager } = test;
    const two = await manager.pool(2, { tasks: TASKS });
    const error = await failure(manager.pool(2, { tasks: TASKS }));
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error.message).toBe(
      'The server has 1 of its 3 worker threads left (`limits.threads`), and the pool needs 2.',
    );
    expect(await failure(manager.pool(4, { tasks: TASKS }))).toBeInstanceOf(RangeError);
    // What could not be made takes none.
    expect(await failure(manager.pool(1, { tasks: 'nothing.mjs' }))).toBeInstanceOf(ConfigurationError);
    await manager.pool(1, { tasks: TASKS });
    await two.terminate();
    await manager.pool(2, { tasks: TASKS });
  });

  it('run the modules of the directories that the server names, and of no others', async () => {
    await using test = await createTestManager({ pools: { modules: [pathToFileURL(folder)] } });
    const { manager } = test;
    for (const tasks of ['tasks.mjs', join(folder, 'tasks.mjs'), pathToFileURL(join(folder, 'tasks.mjs'))]) {
      const pool = await manager.pool(1, { tasks });
      expect(await pool.apply('one')).toBe(1);
      await manager.release(pool);
    }
    await symlink(new URL('.', TASKS), join(folder, 'link'));
    for (const tasks of [TASKS, join(folder, 'link', 'tasks.mjs')]) {
      expect((await failure(manager.pool(1, { tasks }))).message).toMatch(/^The server does not let pools run/);
    }
  });

  it('run the modules of a directory that the server names by a link, by both of its names', async () => {
    await mkdir(join(folder, 'release-42'));
    await writeFile(join(folder, 'release-42', 'tasks.mjs'), 'export const one = () => 1;');
    await symlink('release-42', join(folder, 'current'));
    await using test = await createTestManager({ pools: { modules: [join(folder, 'current')] } });
    for (const name of ['tasks.mjs', join(folder, 'current/tasks.mjs'), join(folder, 'release-42/tasks.mjs')]) {
      const pool = await test.manager.pool(1, { tasks: name });
      expect(await pool.apply('one')).toBe(1);
      await test.manager.release(pool);
    }
    expect((await failure(test.manager.pool(1, { tasks: join(folder, 'tasks.mjs') }))).message).toMatch(
      /^The server does not let pools run/,
    );
  });

  it('run none of node_modules, however that is written', async () => {
    await mkdir(join(folder, 'Node_Modules'));
    await writeFile(join(folder, 'Node_Modules', 'tasks.mjs'), 'export const one = () => 1;');
    await using test = await createTestManager({ pools: { modules: [folder] } });
    expect((await failure(test.manager.pool(1, { tasks: 'Node_Modules/tasks.mjs' }))).message).toMatch(
      /^The server does not let pools run/,
    );
  });

  it('run what a link leads to, if that is code by its name', async () => {
    await writeFile(join(folder, '.env'), 'PASSWORD=hunter2 is no code');
    await symlink('.env', join(folder, 'code.mjs'));
    await symlink('tasks.mjs', join(folder, 'tasks'));
    await using test = await createTestManager({ pools: { modules: [folder] } });
    const error = await failure(test.manager.pool(1, { tasks: 'code.mjs' }));
    expect(error.message).toMatch(/is no code by its name/);
    expect(await (await test.manager.pool(1, { tasks: 'tasks' })).apply('one')).toBe(1);
  });

  it('run none where the server names none', async () => {
    await using test = await createTestManager({ pools: { modules: [] } });
    expect((await failure(test.manager.pool(1, { tasks: TASKS }))).message).toContain('It allows none');
  });

  it('have the memory that the server gives them', async () => {
    await using test = await createTestManager({ pools: { resourceLimits: { maxOldGenerationSizeMb: 24 } } });
    const pool = await test.manager.pool(1, { tasks: TASKS });
    const error = await failure(pool.apply('eat'));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error.message).toMatch(/it ran out of memory\.$/);
    expect(await pool.apply('square', [2])).toBe(4);
  });

  it('have the options of Node that the server gives them', async () => {
    await writeFile(join(folder, 'first.mjs'), 'globalThis.first = "first";');
    await writeFile(join(folder, 'tasks.mjs'), 'export const first = () => globalThis.first;');
    const execArgv = ['--import', pathToFileURL(join(folder, 'first.mjs')).href];
    await using test = await createTestManager({ pools: { modules: [folder], execArgv } });
    const pool = await test.manager.pool(1, { tasks: 'tasks.mjs' });
    expect(await pool.apply('first')).toBe('first');
  });

  it('are not made by `new`', async () => {
    expect(() => new Pool(1).applyAsync('square', [1])).toThrow(/a pool that was made by `new`, without threads/);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('leave no thread behind, whatever was stopped when they ended', async () => {
    await using test = await createTestManager();
    const round = async (): Promise<void> => {
      const file = join(folder, randomUUID());
      const pool = await test.manager.pool(1, { tasks: TASKS });
      await failure(test.manager.with(pool, { timeout: 50 }).apply('block', [file]));
      const ended = pool.terminate();
      // The thread that was stopped is gone only after everything else that the pool had, if it had anything.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 150))]);
      await writeFile(file, '');
      await ended;
      await test.manager.release(pool);
    };
    // What Node starts once, such as the threads of its file system, is there then.
    for (let warm = 0; warm < 2; warm++) await round();
    const before = readdirSync('/proc/self/task').length;
    for (let rounds = 0; rounds < 8; rounds++) await round();
    // Where one is left behind it is each time.
    expect(readdirSync('/proc/self/task').length).toBeLessThan(before + 4);
  });

  it('count a thread that was stopped until it is gone', async () => {
    await using test = await createTestManager();
    const { manager } = test;
    const pool = await manager.pool(1, { tasks: TASKS });
    const file = join(folder, 'go on');
    expect(await failure(manager.with(pool, { timeout: 50 }).apply('block', [file]))).toBeInstanceOf(CallTimeoutError);
    const next = pool.apply('square', [2]);
    await untilState(manager, pool, ({ queued, active }) => queued === 1 && active === 0);
    const error = failure(next);
    let ended = false;
    const ending = pool.terminate().then(() => (ended = true));
    expect(await error).toBeInstanceOf(StateError);
    await manager.ping();
    expect(ended).toBe(false);
    await writeFile(file, '');
    await ending;
  });

  describe('whose threads cannot start at one moment', () => {
    let broken: string;
    let test: Awaited<ReturnType<typeof createTestManager>>;
    beforeEach(async () => {
      broken = join(folder, 'broken now');
      const first = pathToFileURL(join(folder, 'first.mjs'));
      const source = `if (existsSync(${JSON.stringify(broken)})) throw new Error('not now');`;
      await writeFile(first, `import { existsSync } from 'node:fs'; ${source}`);
      const pools = { modules: [folder, fileURLToPath(new URL('.', TASKS))], execArgv: ['--import', first.href] };
      test = await createTestManager({ pools });
    });
    afterEach(() => test.close());

    it.each([1, 2])('fail what waits for them, and go on: %p', async (size) => {
      const pool = await test.manager.named('pool').pool(size, { tasks: TASKS });
      await writeFile(broken, '');
      const exits = failure(pool.apply('exitAfter', [200]));
      const waits = failure(pool.apply('square', [2]));
      for (const error of await Promise.all([exits, waits])) expect(error).toBeInstanceOf(WorkerLostError);
      expect((await waits).message).toMatch(/not now\.$/);
      expect(await failure(pool.apply('square', [2]))).toBeInstanceOf(WorkerLostError);
      await rm(broken);
      expect(await pool.map('square', [2, 3])).toEqual([4, 9]);
      await pool.close();
      await pool.join();
    });
  });

  it('stop what a killed application waited for', async () => {
    await using test = await createTestManager({ lease: 600 });
    const { manager } = test;
    const pool = await manager.named('pool').pool(1, { tasks: TASKS });
    const other = test.connect({ application: 'other' });
    const theirs = await other.named('pool').pool(1, { tasks: TASKS });
    const spinning = failure(theirs.apply('spin'));
    await untilState(manager, pool, ({ active }) => active === 1);
    test.kill(other);
    expect(await pool.apply('square', [2])).toBe(4);
    await other.close();
    await spinning;
  });

  it('are not made where threads do not take the options of Node, which is said', async () => {
    await using test = await createTestManager({ pools: { execArgv: ['--title=x'] } });
    const error = await failure(test.manager.pool(1, { tasks: TASKS }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/^The server’s option `pools\.execArgv` cannot be: .*--title=x/);
  });

  it('are not made where the caller has stopped waiting for the module', async () => {
    await writeFile(join(folder, 'endless.mjs'), 'await new Promise(() => setInterval(() => 0, 1000));');
    await using test = await createTestManager({ limits: { threads: 1 }, pools: { modules: [folder] }, timeout: 2000 });
    expect((await failure(test.manager.pool(1, { tasks: 'endless.mjs' }))).name).toBe('CallTimeoutError');
    let pool;
    do pool = await test.manager.pool(1, { tasks: 'tasks.mjs' }).catch(() => undefined);
    while (!pool);
    expect(await pool.apply('one')).toBe(1);
  });

  it.each([
    7,
    { module: [] },
    { modules: 'here' },
    { modules: [''] },
    { modules: ['https://a.b/'] },
    { execArgv: '--import' },
    { resourceLimits: null },
    { resourceLimits: 64 },
    { resourceLimits: { memory: 1 } },
    { resourceLimits: { stackSizeMb: '4' } },
  ])('cannot be told %p', async (pools) => {
    expect(await failure(createTestManager({ pools: pools as never }))).toBeInstanceOf(ConfigurationError);
  });
});
