// node apps/demo/dist/main.js            proves what shared objects promise, and ends
// node apps/demo/dist/main.js --serve    keeps everything up, with a page to look at
import { randomBytes } from 'node:crypto';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster } from './run/cluster.js';
import { PROOF_OPTIONS, prove } from './run/proof.js';
import { serve, SERVE_OPTIONS } from './run/serve.js';
import type { DemoMedium } from './web/web-settings.js';
import { paint, progress } from './run/terminal.js';

const { values } = parseArgs({ options: { serve: { type: 'boolean', default: false } } });
const stop = new AbortController();
// Of its own, so that it disturbs nothing where Redis is not only ours.
const namespace = `demo-${randomBytes(4).toString('hex')}`;
// Empty where the script that starts this could not have one.
const redis = process.env['REDIS_URL'] ?? 'redis://localhost:6379';
const medium: DemoMedium = redis
  ? { redis, namespace }
  : { address: `unix://${join(tmpdir(), `${namespace}.sock`)}`, idle: 2000 };
const cluster = new Cluster({
  ...(values.serve ? SERVE_OPTIONS : PROOF_OPTIONS),
  medium,
});
// However this process ends, nothing that it started stays behind.
process.on('exit', () => cluster.kill());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
    stop.abort(signal);
  });
}

process.exitCode = await run();
process.exit();

async function run(): Promise<number> {
  const aborted = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(new Error('ended by a signal')), { once: true });
  });
  aborted.catch(() => undefined);
  try {
    if ('redis' in medium) progress('Starting the manager server and three web instances');
    else progress('No Redis: three web instances, the first of which starts an embedded manager server for them all');
    const webs = await Promise.race([cluster.ready(), aborted]);
    if (values.serve) return (await serve(cluster, webs, stop.signal)) ? 0 : 1;
    return (await Promise.race([prove(cluster, webs), aborted])) ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 128 + constants.signals[stop.signal.reason as 'SIGINT'];
    console.error(paint('red', error instanceof Error ? (error.stack ?? error.message) : String(error)));
    return 1;
  } finally {
    if (stop.signal.aborted) progress('Stopping the instances, then the server');
    await cluster.stop();
  }
}
