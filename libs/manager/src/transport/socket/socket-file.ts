import { randomBytes } from 'node:crypto';
import { chmod, link, lstat, open, readFile, rename, rm, unlink, utimes } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError } from '../../protocol/errors.js';
import { roomOfPath } from './address.js';
import { AddressTakenError } from './address-taken.js';

/** A lock is held for some file operations. One this old (ms) is of a process that was killed, or is stopped. */
const LOCK_AGE = 5000;
/** Ms between two looks at a lock that another has. */
const LOCK_LOOK = 20;
/** Ms between two touches of a file that is in use: cleaners of temporary directories take away what is days old. */
const TOUCH = 3600 * 1000;
/** Ms that whoever listens has to take a connection: the kernel does it, unless its queue is full. */
const PROBE = 2000;

/** Tells a file from another one that got its name, or its number, later. */
interface Identity {
  readonly ino: number;
  readonly dev: number;
  readonly mtimeMs: number;
}

/**
 * The file of a listening socket. It listens under another name first and is then given its own, so that whoever finds it
 * can connect. Of those that start at the same moment one gets the name; what a killed process left is replaced.
 */
export class SocketFile {
  readonly path: string;
  /** Where to listen before `publish`. */
  readonly draft: string;
  #identity: Identity | undefined;
  #touching: NodeJS.Timeout | undefined;
  #touched: Promise<void> | undefined;

  /** @throws ConfigurationError where the path leaves no room for the other name. */
  constructor(path: string) {
    this.path = path;
    this.draft = join(dirname(path), `.${randomBytes(5).toString('hex')}`);
    if (roomOfPath(this.draft) < 0) {
      throw new ConfigurationError(`The folder of ${path} has too long a path for sockets: choose a shorter one.`);
    }
  }

  /**
   * Gives the socket that listens at `draft` its name; only this user can connect to it.
   *
   * @throws ConfigurationError where another socket listens there, or something else has the name.
   */
  async publish(): Promise<void> {
    await chmod(this.draft, 0o600);
    const own = (this.#identity = await identityOf(this.draft));
    const unlock = await lock(`${this.path}.lock`);
    try {
      await removeStale(this.path);
      await give(this.draft, this.path);
      const found = await identityOf(this.path);
      if (!own || !same(own, found)) throw taken(this.path);
    } finally {
      await unlock();
    }
    this.#touching = setInterval(() => {
      this.#touched = this.#touch().catch(() => undefined);
    }, TOUCH);
    this.#touching.unref();
  }

  /** Takes the name away, unless it is another socket's by now. To be done before the socket stops listening. */
  async remove(): Promise<void> {
    clearInterval(this.#touching);
    await this.#touched;
    await rm(this.draft, { force: true });
    if (this.#identity && same(this.#identity, await identityOf(this.path))) await rm(this.path, { force: true });
  }

  /** It was made under another name, by which the kernel knows it: cleaners that ask the kernel think that it is dead. */
  async #touch(): Promise<void> {
    const own = this.#identity;
    if (!own || !same(own, await identityOf(this.path))) return;
    const now = new Date();
    await utimes(this.path, now, now);
    // It is known by the time that was just changed. Nobody else's has its number while it listens.
    const found = await identityOf(this.path);
    if (found?.ino === own.ino && found.dev === own.dev) this.#identity = found;
  }
}

/** Takes the name of a socket that nobody listens at. Under the lock, as two who find it stale would take each other's away. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(absent);
  if (!found) return;
  if (!found.isSocket()) {
    throw new ConfigurationError(`${path} is there already, and is no socket: choose another address, or remove it.`);
  }
  if (await listens(path)) throw taken(path);
  // Moved first, and looked at again: had the lock been broken, this might be a live one by now.
  const aside = join(dirname(path), `.${randomBytes(5).toString('hex')}`);
  try {
    await rename(path, aside);
  } catch (error) {
    absent(error as NodeJS.ErrnoException);
    return;
  }
  if (!same(found, await identityOf(aside))) {
    await link(aside, path).catch(() => undefined);
    await unlink(aside);
    throw taken(path);
  }
  await unlink(aside);
}

/** Whether somebody takes connections there. */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, timeout: PROBE });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => done(true));
    // Its queue is full: it lives, and is busy or stopped.
    socket.on('timeout', () => done(true));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') done(false);
      else if (error.code === 'EAGAIN') done(true);
      else {
        reject(
          new ConfigurationError(`What is at ${path} cannot be asked whether it is in use: ${error.message}.`, {
            cause: error,
          }),
        );
      }
    });
  });
}

/** A link fails where the name is taken, which a renaming would not; some file systems have none. */
async function give(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
    await unlink(draft);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(path);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    await rename(draft, path);
  }
}

/** Makes `path`, which only one can; gives back how to take it away. One that was left behind is replaced. */
async function lock(path: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}`;
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(mine);
      } catch (error) {
        // A disk that is full: it would be nobody's lock, and hold up everybody.
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      return async () => {
        if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!(await breakLock(path))) await sleep(LOCK_LOOK);
  }
}

/** Takes away a lock whose owner is gone. True where it is worth to try again at once. */
async function breakLock(path: string): Promise<boolean> {
  const found = await lstat(path).catch(absent);
  if (!found) return true;
  const held = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(/^\d+/.exec(held)?.[0]);
  // One of the future is of before the clock was set back.
  if ((pid > 0 ? runs(pid) : true) && Math.abs(Date.now() - found.mtimeMs) < LOCK_AGE) return false;
  const aside = `${path}.${randomBytes(5).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    absent(error as NodeJS.ErrnoException);
    return true;
  }
  // Somebody else broke it in between, and this is a new one: it is given back.
  if (!same(found, await identityOf(aside))) await link(aside, path).catch(() => undefined);
  await unlink(aside);
  return true;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function identityOf(path: string): Promise<Identity | undefined> {
  const found = await lstat(path).catch(absent);
  return found && { ino: found.ino, dev: found.dev, mtimeMs: found.mtimeMs };
}

function same(one: Identity, other: Identity | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev && one.mtimeMs === other.mtimeMs;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function taken(path: string): AddressTakenError {
  return new AddressTakenError(`unix://${path}`);
}

/** Takes away the file of a socket whose process was killed; leaves it where somebody listens. */
export async function removeDeadSocket(path: string): Promise<void> {
  if (!(await lstat(path).catch(absent))) return;
  const unlock = await lock(`${path}.lock`);
  try {
    await removeStale(path);
  } catch (error) {
    if (!(error instanceof AddressTakenError)) throw error;
  } finally {
    await unlock();
  }
}
