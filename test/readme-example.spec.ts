import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { transform } from '@swc/core';
import { startRedis, type RedisServer } from './support/redis-server.js';

const README = readFileSync('README.md', 'utf8');

let redis: RedisServer;
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(() => redis.stop());

it('does what the README says that its example does', async () => {
  const [, source] = /^```ts check run\n(.*?)^```$/ms.exec(README) ?? [];
  const [, promised] = /console\.log\(.*\/\/ (.+)$/m.exec(source ?? '') ?? [];
  expect(promised).toBeDefined();

  const { status, output } = await runModule(await compiled(source as string), { REDIS_URL: redis.url });

  expect(output).toBe(`${promised}\n`);
  expect(status).toBe(0);
});

async function compiled(source: string): Promise<string> {
  const { code } = await transform(source, {
    swcrc: false,
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  return code;
}

/** Given on standard input, a module imports the built package from where the process runs: no file of it is needed. */
async function runModule(code: string, env: Record<string, string>): Promise<{ status: number; output: string }> {
  const child = spawn(process.execPath, ['--input-type=module'], {
    env: { ...process.env, ...env, NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  child.stdin.end(code);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = (await ended) as [number];
  return { status, output: output + errors };
}
