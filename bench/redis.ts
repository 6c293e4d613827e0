import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Runs this very command again with a Redis of its own, and gives its exit code. */
export async function rerunWithRedis(): Promise<number> {
  const tool = join(import.meta.dirname, '../../tools/with-redis.mjs');
  const child = spawn(process.execPath, [tool, process.execPath, ...process.argv.slice(1)], { stdio: 'inherit' });
  // Ctrl-C reaches the whole group of the terminal; other signals reach this process only.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
