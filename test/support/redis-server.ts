import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RedisServerOptions {
  /** Keep what is written, in an append-only file that is synced at each write. */
  appendonly?: boolean;
  /** More arguments for redis-server. */
  args?: string[];
  port?: number;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it in order and removes what it kept. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does; `restart` may follow. */
  kill(): Promise<void>;
  /** Stops it from running (SIGSTOP): connections stay open and silent. */
  pause(): void;
  resume(): void;
  /** Ends it at once and starts it on the same port, with what the append-only file kept or with nothing. */
  restart(options: { keepData: boolean }): Promise<void>;
}

/** Starts a redis-server of its own on a free port; resolves when it answers. It ends with this process. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  let dir = await mkdtemp(join(tmpdir(), 'manager-redis-'));
  let child = await run(port, dir, options);

  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  // Also where a test forgot, or the process ends by an error.
  const sweep = (): void => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', sweep);

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    async stop() {
      process.off('exit', sweep);
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart({ keepData }) {
      await kill();
      if (!keepData) {
        await rm(dir, { recursive: true, force: true });
        dir = await mkdtemp(join(tmpdir(), 'manager-redis-'));
      }
      child = await run(port, dir, options);
    },
  };
}

async function run(port: number, dir: string, options: RedisServerOptions): Promise<ChildProcess> {
  const bin = process.env['REDIS_SERVER_BIN'] ?? 'redis-server';
  const keep = options.appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const network = ['--port', String(port), '--bind', '127.0.0.1'];
  const child = spawn(bin, [...network, '--save', '', ...keep, '--dir', dir, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)));
  }
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT' ? new Error(`No ${bin}: install Redis 6.2 or later, or set REDIS_SERVER_BIN`) : error,
      ),
    );
    child.once('exit', (code) => reject(new Error(`${bin} ended with code ${code}:\n${output}`)));
  });
  failed.catch(() => undefined);
  const over = new AbortController();
  try {
    await Promise.race([failed, answers(port, over.signal)]);
  } finally {
    over.abort();
  }
  return child;
}

/** Asks until something answers. A server that wants a password answers with an error, which is an answer too. */
async function answers(port: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const reply = await ask(port);
    if (reply.startsWith('+PONG') || reply.startsWith('-NOAUTH')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (reply: string): void => {
      socket.destroy();
      resolve(reply);
    };
    socket.once('data', (data) => done(data.toString()));
    socket.once('error', () => done(''));
    socket.once('close', () => resolve(''));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
