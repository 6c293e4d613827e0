import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { ConfigurationError } from '../../protocol/index.js';
import { lifeOf, showLife } from './lifeline.js';
import { FOLDER } from './place.js';
import { Reaper } from './reaper.js';
import { unsafe, userFolder, type Site } from './site.js';

/** Ms that a folder must have been left alone before it may be a dead server's: one that starts does not listen yet. */
const SETTLED = 10_000;

/** The folder of one start of a server. It goes with that, however it ends. */
export class ServerFolder {
  readonly name: string;
  readonly path: string;
  readonly #life: Server | undefined;
  readonly #failed: (why: string) => void;
  #reaper: Reaper | undefined;
  #closed = false;

  private constructor(name: string, path: string, life: Server | undefined, failed: (why: string) => void) {
    this.name = name;
    this.path = path;
    this.#life = life;
    this.#failed = failed;
  }

  /**
   * @param failed told where nobody would remove it if this process were killed now.
   * @throws ConfigurationError where the user's folder could be tampered with by others.
   */
  static async open(site: Site, failed: (why: string) => void): Promise<ServerFolder> {
    const parent = userFolder(site);
    const failure = await mkdir(parent, { mode: 0o700 }).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? undefined : error),
    );
    const why = await unsafe(site);
    if (why !== undefined) {
      throw new ConfigurationError(
        `Shared memory cannot be kept here: ${why}. Mend that, or name another folder in NESTJS_MANAGER_SHARED_MEMORY.`,
        { cause: failure },
      );
    }
    if (failure) throw failure;
    const name = randomBytes(8).toString('hex');
    const path = join(parent, name);
    await mkdir(path, { mode: 0o700 });
    const folder = new ServerFolder(name, path, await showLife(path), failed);
    await folder.watch();
    return folder;
  }

  /** Sees to it that somebody watches, before anything is put into it. */
  watch(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#reaper ??= new Reaper(this.path, (why) => {
      this.#reaper = undefined;
      this.#failed(why);
    });
    return this.#reaper.ready;
  }

  /** The process that would remove it. */
  get reaper(): number | undefined {
    return this.#reaper?.pid;
  }

  /** Removes it, with all that is in it. */
  async close(): Promise<void> {
    this.#closed = true;
    await new Promise<void>((resolve) => (this.#life ? this.#life.close(() => resolve()) : resolve()));
    await rm(this.path, { recursive: true, force: true });
    await this.#reaper?.end();
  }
}

/** Removes the folders of servers that were killed together with those who watched them. */
export async function sweep(site: Site): Promise<void> {
  if ((await unsafe(site)) !== undefined) return;
  const parent = userFolder(site);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (!FOLDER.test(name) || !(await isSettled(path)) || (await lifeOf(path)) !== 'dead') continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function isSettled(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
  return Date.now() - mtimeMs > SETTLED;
}
