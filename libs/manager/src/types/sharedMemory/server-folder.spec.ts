import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure, until } from '../../client/house.suite.js';
import { ConfigurationError } from '../../protocol/index.js';
import { showLife } from './lifeline.js';
import { ServerFolder, sweep } from './server-folder.js';
import { thisSite, userFolder, type Site } from './site.js';

describe('the folder of a server', () => {
  let site: Site;
  const failed: string[] = [];
  beforeEach(async () => {
    failed.length = 0;
    site = { ...thisSite(), root: await mkdtemp(join(tmpdir(), 'server-folder-')) };
  });
  afterEach(() => rm(site.root, { recursive: true }));

  const open = (): Promise<ServerFolder> => ServerFolder.open(site, (why) => failed.push(why));
  const runs = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('is for its user only', async () => {
    const folder = await open();
    for (const path of [userFolder(site), folder.path]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    await folder.close();
  });

  it('is not made where there is no folder for it, which is said', async () => {
    site = { ...site, root: await mkdtemp(join(tmpdir(), 'server-folder-')) };
    await rm(site.root, { recursive: true });
    const error = await failure(open());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(
      /^Shared memory cannot be kept here: there is no folder .*NESTJS_MANAGER_SHARED_MEMORY/,
    );
    await mkdir(site.root);
  });

  it('goes when it is closed, and with it the process that watched', async () => {
    const folder = await open();
    await writeFile(join(folder.path, 'block'), 'x');
    const { reaper } = folder;
    expect(runs(reaper!)).toBe(true);
    await folder.close();
    expect(await readdir(userFolder(site))).toEqual([]);
    // A zombie would still have its number.
    expect(runs(reaper!)).toBe(false);
    expect(failed).toEqual([]);
  });

  it('is watched anew by the next block when that process was killed', async () => {
    const folder = await open();
    const { reaper } = folder;
    process.kill(reaper!, 'SIGKILL');
    await until(() => failed.length > 0);
    expect(failed).toEqual(['SIGKILL']);
    expect(existsSync(folder.path)).toBe(true);
    await folder.watch();
    expect(folder.reaper).not.toBe(reaper);
    await folder.close();
    expect(existsSync(folder.path)).toBe(false);
  });

  it('is not made where others could tamper with it', async () => {
    await mkdir(userFolder(site));
    await chmod(userFolder(site), 0o770);
    const error = await failure(open());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/mode 0700.*NESTJS_MANAGER_SHARED_MEMORY/);
  });

  describe('at the start of the next server', () => {
    const aged = async (name: string, made?: (path: string) => unknown): Promise<string> => {
      const path = join(userFolder(site), name);
      await mkdir(path, { recursive: true, mode: 0o700 });
      await made?.(path);
      await utimes(path, 0, 0);
      return path;
    };
    beforeEach(() => mkdir(userFolder(site), { mode: 0o700 }));

    it('goes if its server is dead', async () => {
      const dead = await aged('d'.repeat(16), async (path) => {
        await writeFile(join(path, 'block'), 'x');
        const life = await showLife(join(path));
        // What is left of a process that was killed: nothing removes the file of its socket.
        await writeFile(join(path, 'kept'), '');
        await rename(join(path, 'alive'), join(path, 'moved'));
        await new Promise((resolve) => life!.close(resolve));
        await rename(join(path, 'moved'), join(path, 'alive'));
      });
      await sweep(site);
      expect(existsSync(dead)).toBe(false);
    });

    it('stays if its server lives, or may be about to', async () => {
      const living = await open();
      await utimes(living.path, 0, 0);
      const starting = await aged('e'.repeat(16));
      const unknown = await aged('not-ours');
      await sweep(site);
      for (const path of [living.path, starting, unknown]) expect(existsSync(path)).toBe(true);
      await living.close();
    });

    it('is left alone where others may have tampered with it', async () => {
      await chmod(userFolder(site), 0o777);
      await sweep(site);
      await chmod(userFolder(site), 0o700);
    });

    it('need not be there', async () => {
      await rm(userFolder(site), { recursive: true });
      await sweep(site);
    });
  });
});
