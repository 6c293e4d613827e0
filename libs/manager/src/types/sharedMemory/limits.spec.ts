import { readdirSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { OverloadedError } from '../../protocol/index.js';
import { createTestManager } from '../../testing/index.js';
import { untilObjects } from '../support/counted.suite.js';

it('one block, and a list, has no more bytes than the server allows', async () => {
  await using test = await createTestManager({ limits: { blockBytes: 1000 } });
  await test.manager.sharedMemory(1000);
  const error = await failure(test.manager.sharedMemory(1001));
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toMatch(/at most 1000 bytes here, got 1001: the server's `limits\.blockBytes` says so\.$/);
  expect(await failure(test.manager.shareableList(['x'.repeat(1000)]))).toBeInstanceOf(RangeError);
});

it('all blocks together have no more bytes than the server allows, until some are released', async () => {
  await using test = await createTestManager({ limits: { totalBlockBytes: 12 * 1024 } });
  const { manager } = test;
  const first = await manager.sharedMemory(4000);
  await manager.sharedMemory(8000);
  const error = await failure(manager.sharedMemory(1));
  expect(error).toBeInstanceOf(OverloadedError);
  expect(error.retryable).toBe(true);
  expect(error.message).toMatch(/have 12288 bytes, and may have 12288.*`limits\.totalBlockBytes`/);
  await first.unlink();
  // Whoever has it open still uses it.
  expect(await failure(manager.sharedMemory(1))).toBeInstanceOf(OverloadedError);
  await manager.release(first);
  await untilObjects(manager, 1);
  await manager.sharedMemory(4000);
});

it('what could not be made counts no bytes', async () => {
  await using test = await createTestManager({ limits: { totalBlockBytes: 8192 } });
  for (let i = 0; i < 5; i++) {
    await failure(test.manager.shareableList([1, undefined as never]));
    await failure(test.manager.sharedMemory(10_000));
  }
  await test.manager.sharedMemory(8000);
});

const openBlocks = (): number => readdirSync('/proc/self/fd', { withFileTypes: true }).length;

(process.platform === 'linux' ? it : it.skip)('who forgets a proxy keeps no file open', async () => {
  await using test = await createTestManager();
  const keep = await test.manager.sharedMemory(8);
  const before = openBlocks();
  await (async () => {
    for (let i = 0; i < 50; i++) await (await test.manager.sharedMemory(8)).write(0, Buffer.from('x'));
  })();
  for (let i = 0; i < 100 && openBlocks() > before; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(openBlocks()).toBeLessThanOrEqual(before);
  await untilObjects(test.manager, 1);
  expect(await keep.read(0, 1)).toHaveLength(1);
});
