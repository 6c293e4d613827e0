import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Reaper } from './reaper.js';

describe.each([
  ['a shell', true],
  ['Node', false],
])('a reaper that is %s', (_what, shell) => {
  let parent: string;
  let folder: string;
  const failed: string[] = [];
  beforeEach(async () => {
    failed.length = 0;
    parent = await mkdtemp(join(tmpdir(), 'reaper-'));
    folder = join(parent, '-rf $(exit) "');
    await mkdir(folder);
    await writeFile(join(folder, 'block'), 'x');
  });
  afterEach(() => rm(parent, { recursive: true }));

  const open = async (): Promise<Reaper> => {
    const reaper = new Reaper(folder, (why) => failed.push(why), shell);
    await reaper.ready;
    return reaper;
  };

  it('removes the folder when nobody holds the other end of its pipe, whatever that is called', async () => {
    const reaper = await open();
    expect(existsSync(folder)).toBe(true);
    expect(await reaper.end()).toBe('0');
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(parent)).toBe(true);
    expect(failed).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('does so after a %s', async (signal) => {
    const reaper = await open();
    process.kill(reaper.pid!, signal);
    expect(await reaper.end()).toBe('0');
    expect(existsSync(folder)).toBe(false);
  });
});
