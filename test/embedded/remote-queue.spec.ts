import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startRedis, type RedisServer } from '../support/redis-server.js';

// Each test starts five programs.
jest.setTimeout(60_000);

/** One of the programs of `apps/remote-queue`, run as its README says. */
class Program {
  readonly #child: ChildProcess;
  output = '';
  readonly ended: Promise<number | null>;

  constructor(name: string, authkey: string, ...args: string[]) {
    const path = fileURLToPath(new URL(`../../apps/remote-queue/dist/${name}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...args], {
      env: { ...process.env, NODE_OPTIONS: '', AUTHKEY: authkey },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** Resolves once it has written something like this. */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found) return found;
      const more = new Promise((resolve) => this.#child.stdout?.once('data', resolve));
      const ended = this.ended.then(() => {
        throw new Error(`It ended without having written ${String(pattern)}:\n${this.output}`);
      });
      await Promise.race([more, ended]);
    }
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }
}

const running: ChildProcess[] = [];
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')));

const KEY = 'the secret of the example';

describe.each([
  ['TCP', () => 'tcp://127.0.0.1:0'],
  ['Redis', () => redis.url],
])('the remote manager of Python’s documentation, over %s', (_, at) => {
  it('has a server, a producer and a consumer that know each other by a key', async () => {
    const server = new Program('server', KEY, at());
    const [, address] = (await server.wrote(/listening at (\S+)/)) as unknown as [string, string];

    const consumer = new Program('consumer', KEY, address);
    const producer = new Program('producer', KEY, address, 'hello', 'again');
    expect(await producer.ended).toBe(0);
    expect(await consumer.ended).toBe(0);
    expect(consumer.output).toBe('hello\n');

    const stranger = new Program('consumer', 'a key of somebody else', address);
    expect(await stranger.ended).not.toBe(0);
    expect(stranger.output).toContain('AuthenticationError');

    const next = new Program('consumer', KEY, address);
    expect(await next.ended).toBe(0);
    expect(next.output).toBe('again\n');
    await server.stop();
  });
});
