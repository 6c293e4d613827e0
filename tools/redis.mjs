// Finds, installs and starts the `redis-server` that tests, benchmarks and the demo run on. The library needs none of this.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const OLDEST = [6, 2];
const POLICY = '/usr/sbin/policy-rc.d';

/** The path of a redis-server that is new enough; installs one where that is allowed, else throws a sentence for the user. */
export function ensureRedis({ log = (line) => console.error(line) } = {}) {
  const found = candidates().map((bin) => ({ bin, version: versionOf(bin) }));
  const good = found.find(({ version }) => isNewEnough(version));
  if (good) return good.bin;
  if (process.env.REDIS_SERVER_BIN) throw new Error(unusable(process.env.REDIS_SERVER_BIN));
  if (mayInstall()) {
    install(log);
    const bin = candidates().find((path) => isNewEnough(versionOf(path)));
    if (bin) return bin;
  }
  throw new Error(found.length > 0 ? unusable(found[0].bin) : missing());
}

/** Starts a private server that keeps nothing on disk. It also ends when this process does, however that ends. */
export async function startRedis(bin) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(bin, await freePort());
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function startOnce(bin, port) {
  const dir = mkdtempSync(join(tmpdir(), 'manager-redis-'));
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
  // The shell holds our pipe: it stops the server when the pipe closes, even if this process was killed. A group of its
  // own keeps the terminal's Ctrl-C away from a server that is still needed to shut down in order.
  const watch = '"$0" "$@" & server=$!; read -r _; kill "$server"; wait "$server"';
  const shell = spawn('sh', ['-c', watch, bin, ...options.map(String)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise((resolve) => shell.once('close', resolve));
  const stop = async () => {
    shell.stdin.destroy();
    const timer = setTimeout(() => killGroup(shell.pid), 5_000);
    await ended;
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await ready(shell);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function ready(shell) {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why) => reject(new Error(`redis-server did not start (${why}):\n${output}`));
    const timer = setTimeout(() => fail('10 s passed'), 10_000);
    const read = (chunk) => {
      output = (output + chunk).slice(-4_000);
      if (output.includes('Ready to accept connections')) {
        clearTimeout(timer);
        resolve();
      } else if (/Failed listening|FATAL|Aborting/i.test(output)) {
        clearTimeout(timer);
        fail('it gave up');
      }
    };
    shell.stdout.on('data', read);
    shell.stderr.on('data', read);
    shell.once('error', (error) => {
      clearTimeout(timer);
      fail(error.message);
    });
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function candidates() {
  if (process.env.REDIS_SERVER_BIN) return [process.env.REDIS_SERVER_BIN];
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, 'redis-server'))
    .filter(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(bin) {
  const { stdout } = spawnSync(bin, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const match = /v=(\d+)\.(\d+)/.exec(stdout ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

function isNewEnough(version) {
  if (!version) return false;
  const [major, minor] = version;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function mayInstall() {
  return (
    process.platform === 'linux' &&
    process.getuid() === 0 &&
    existsSync('/etc/debian_version') &&
    spawnSync('apt-get', ['--version']).status === 0
  );
}

/** The package starts a service on port 6379 unless a policy forbids it; ours stands only for the time of the install. */
function install(log) {
  log('No redis-server found: installing the package redis-server with apt-get (it is needed for tests and the demo).');
  const forbid = !existsSync(POLICY);
  if (forbid) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    apt(['update']);
    apt(['install', '--yes', '--no-install-recommends', 'redis-server']);
  } finally {
    if (forbid) rmSync(POLICY, { force: true });
  }
}

function apt(args) {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed:\n${stdout}${stderr}\n${missing()}`);
}

function unusable(bin) {
  return `${bin} is not a redis-server of version ${OLDEST.join('.')} or later. ${howToInstall()}`;
}

function missing() {
  return `No redis-server (${OLDEST.join('.')} or later) found. ${howToInstall()}`;
}

function howToInstall() {
  return [
    'Tests, benchmarks and the demo start a private one. Install it:',
    '  macOS           brew install redis',
    '  Debian, Ubuntu  sudo apt-get install redis-server',
    '  Fedora          sudo dnf install redis',
    '  Alpine          apk add redis',
    '  Windows         use WSL, then as for Debian',
    'or set REDIS_SERVER_BIN to its path. For the demo alone, REDIS_URL of a running Redis is enough.',
  ].join('\n');
}
