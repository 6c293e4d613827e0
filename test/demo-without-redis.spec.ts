import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

it('the demo needs no Redis: an embedded server holds what it promises', async () => {
  const demo = spawn(process.execPath, [fileURLToPath(new URL('../apps/demo/dist/main.js', import.meta.url))], {
    env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  try {
    const status = await new Promise((resolve) => demo.once('close', resolve));
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('No Redis') });
  } finally {
    demo.kill('SIGKILL');
  }
}, 60_000);
