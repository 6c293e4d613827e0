// node tools/with-redis.mjs [--optional] COMMAND [ARGUMENT...]
// Runs a command with REDIS_URL (a private Redis for its time, unless one is given) and REDIS_SERVER_BIN.
// With --optional, REDIS_URL is empty where no Redis can be had.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ensureRedis, startRedis } from './redis.mjs';

const optional = process.argv[2] === '--optional';
const [command, ...args] = process.argv.slice(optional ? 3 : 2);
if (!command) {
  console.error('Usage: node tools/with-redis.mjs [--optional] COMMAND [ARGUMENT...]');
  process.exit(2);
}

let redis;
const env = { ...process.env };
if (!env.REDIS_URL) {
  try {
    env.REDIS_SERVER_BIN = ensureRedis();
    redis = await startRedis(env.REDIS_SERVER_BIN);
    env.REDIS_URL = redis.url;
  } catch (error) {
    console.error(error.message);
    if (!optional) process.exit(1);
    env.REDIS_URL = '';
  }
}

const child = spawn(command, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A terminal sends Ctrl-C to the command as well; a second one would cut its shutdown short.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
const status = await new Promise((resolve) => {
  child.once('error', (error) => {
    console.error(`${command}: ${error.message}`);
    resolve(127);
  });
  child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
});
await redis?.stop();
process.exit(status);
