import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConfigurationError } from '../../protocol/errors.js';
import { GenerationFile } from './generation-file.js';
import { defaultAddress, isFresh, privateFolder, userAddress } from './private-folder.js';
import { SocketHub } from './socket-hub.js';
import { SocketTransport } from './socket-transport.js';

describe('the file of a hub', () => {
  let folder: string;
  let path: string;
  let hubs: SocketHub[];
  const hub = (at = path): SocketHub => {
    const made = new SocketHub({ listen: `unix://${at}`, generations: join(folder, 'generation') });
    hubs.push(made);
    return made;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-'));
    path = join(folder, 'hub.sock');
    hubs = [];
  });
  afterEach(async () => {
    await Promise.all(hubs.map((each) => each.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** Leaves the file of a socket that nobody listens at, as a killed process does. */
  const leaveStale = async (): Promise<void> => {
    const child = fork(join(folder, 'stale.mjs'), [path], { execArgv: [], env: {}, stdio: 'ignore' });
    await new Promise((resolve) => child.once('message', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(lstatSync(path).isSocket()).toBe(true);
  };
  beforeEach(() => {
    const program = `import net from 'node:net'; net.createServer().listen(process.argv[2], () => process.send('up'));`;
    writeFileSync(join(folder, 'stale.mjs'), program);
  });

  it('is its owner’s alone, and gone with the hub', async () => {
    const one = hub();
    await one.open();
    expect(one.address).toBe(`unix://${path}`);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await one.close();
    await one.close();
    expect(readdirSync(folder).filter((name) => !name.startsWith('generation'))).toEqual(['stale.mjs']);
  });

  it('that a killed process left does not stop the next one', async () => {
    await leaveStale();
    const one = hub();
    await one.open();
    const client = new SocketTransport({ address: one.address });
    await client.open();
    await client.close();
  });

  it('is not taken from a hub that listens', async () => {
    const one = hub();
    await one.open();
    const refused = hub();
    await expect(refused.open()).rejects.toThrow(ConfigurationError);
    await expect(refused.open()).rejects.toThrow('Another server listens at');
    await refused.close();
    const client = new SocketTransport({ address: one.address });
    await client.open();
    await client.close();
  });

  it('is not taken from what is no socket', async () => {
    writeFileSync(path, 'mine');
    await expect(hub().open()).rejects.toThrow('is no socket');
    expect(existsSync(path)).toBe(true);
  });

  it.each([false, true])('is one hub’s of many that start at the same moment; a stale one there: %s', async (stale) => {
    for (let round = 0; round < 10; round += 1) {
      if (stale) await leaveStale();
      const many = Array.from({ length: 12 }, () => hub());
      const outcomes = await Promise.allSettled(many.map((each) => each.open()));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const client = new SocketTransport({ address: `unix://${path}` });
      await client.open();
      await client.close();
      await Promise.all(many.map((each) => each.close()));
      expect(existsSync(path)).toBe(false);
    }
  });

  it('can be taken at once after a close, many times', async () => {
    let before = 0;
    for (let round = 0; round < 20; round += 1) {
      const next = hub();
      await next.open();
      const local = next.connect();
      await local.open();
      const generation = await local.claims.nextGeneration();
      expect(generation).toBeGreaterThan(before);
      before = generation;
      await next.close();
    }
  });

  it('is taken although somebody was killed while taking it', async () => {
    writeFileSync(`${path}.lock`, '999999999 gone');
    const one = hub();
    await one.open();
    await one.close();
    // One whose owner lives, as its number was given to another process, ends by its age.
    const hour = 3600;
    for (const time of [1, Date.now() / 1000 + hour]) {
      writeFileSync(`${path}.lock`, `${process.pid} old`);
      utimesSync(`${path}.lock`, time, time);
      const other = hub();
      await other.open();
      expect(existsSync(`${path}.lock`)).toBe(false);
      await other.close();
    }
  });

  it('is left alone where it is another hub’s by now', async () => {
    const one = hub();
    await one.open();
    rmSync(path);
    const other = hub();
    await other.open();
    await one.close();
    expect(existsSync(path)).toBe(true);
  });

  it('goes with the hub after hours, too, through which cleaners of the temporary directory saw it in use', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'clearTimeout', 'performance'] });
    try {
      const one = hub();
      await one.open();
      const { ctimeNs } = lstatSync(path, { bigint: true });
      await jest.advanceTimersByTimeAsync(3600 * 1000);
      while (lstatSync(path, { bigint: true }).ctimeNs === ctimeNs) await new Promise(setImmediate);
      await one.close();
      expect(existsSync(path)).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });

  it('needs a folder, and room for its name', async () => {
    await expect(hub(join(folder, 'none', 'hub.sock')).open()).rejects.toThrow('does not exist');
    const long = join(folder, 'x'.repeat(103 - folder.length - 5), 's');
    await expect(hub(long).open()).rejects.toThrow('too long a path');
  });
});

describe('the default address', () => {
  it('is a fresh one in a folder that this user alone can enter', async () => {
    const [one, other] = [await defaultAddress(), await defaultAddress()];
    expect(one).not.toBe(other);
    expect([one, await userAddress('shop')].map(isFresh)).toEqual([true, false]);
    expect(one).toContain(`unix://${await privateFolder()}/`);
    expect(lstatSync(await privateFolder()).mode & 0o777).toBe(0o700);
  });
});

describe('the file of the last generation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'generation-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('says what was written last, and nothing where that cannot be', () => {
    const path = join(folder, 'last');
    const file = new GenerationFile(path);
    expect(file.read()).toBe(0);
    const now = Math.floor(Date.now() / 1000);
    file.write(now + 3);
    expect(new GenerationFile(path).read()).toBe(now + 3);
    for (const text of ['', 'nonsense', '-1', '99999999999']) {
      writeFileSync(path, text);
      expect(file.read()).toBe(0);
    }
    new GenerationFile(join(folder, 'none', 'last')).write(1);
  });
});

describe('a TCP address', () => {
  it('that other machines reach is refused without keys', async () => {
    for (const listen of ['tcp://0.0.0.0:0', 'tcp://[::]:0', 'tcp://example.com:0']) {
      const open = new SocketHub({ listen });
      await expect(open.open()).rejects.toThrow(ConfigurationError);
      await expect(open.open()).rejects.toThrow('set an `authkey`');
    }
    const keyed = new SocketHub({ listen: 'tcp://0.0.0.0:0', keys: () => Promise.resolve([Buffer.alloc(32, 1)]) });
    await keyed.open();
    await keyed.close();
  });

  it('says its real port, and who is in the way', async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(new SocketHub({ listen: `tcp://127.0.0.1:${port}` }).open()).rejects.toThrow('listens at');
    taken.close();
    const hub = new SocketHub({ listen: 'tcp://localhost:0' });
    expect(() => hub.address).toThrow('not open');
    await hub.open();
    expect(hub.address).toMatch(/^tcp:\/\/localhost:[1-9]\d*$/);
    await hub.close();
  });
});
