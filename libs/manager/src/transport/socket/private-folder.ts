import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../../protocol/errors.js';
import { roomOfPath } from './address.js';

/** Begins the names of addresses that are used once. */
const ONCE = 'once-';
/** Bits of its permissions that let others in. */
const OTHERS = 0o077;

/**
 * A fresh address on this machine: a socket in a folder of the system's temporary directory that only this user can enter,
 * or a pipe on Windows.
 *
 * @throws ConfigurationError where that folder belongs to somebody else, is open to others, or has too long a path.
 *
 * @example
 * ```ts
 * const hub = new SocketHub({ listen: await defaultAddress() });
 * ```
 */
export function defaultAddress(): Promise<string> {
  return addressOf(ONCE + randomBytes(8).toString('hex'));
}

/** Whether `address` was a fresh one when it was made: nobody listens there again, but by taking it over by hand. */
export function isFresh(address: string): boolean {
  return /[/-]once-[\da-f]{16}(\.sock)?$/.test(address);
}

/**
 * The address that all processes of this user know by `name`, in the same folder.
 *
 * @throws as `defaultAddress` does.
 */
export function userAddress(name: string): Promise<string> {
  // Whatever the name is made of, and however long it is.
  return addressOf(createHash('sha256').update(name).digest('hex').slice(0, 16));
}

async function addressOf(name: string): Promise<string> {
  if (process.platform === 'win32')
    return `pipe://nestjs-manager-${userInfo().username}-${name}`.replace(/[^\w.:/-]/g, '_');
  const path = join(await privateFolder(), `${name}.sock`);
  if (roomOfPath(path) < 0) {
    throw new ConfigurationError(
      `The temporary directory ${tmpdir()} has too long a path for sockets: set TMPDIR to a shorter one, or name an address.`,
    );
  }
  return `unix://${path}`;
}

/** The folder of this user, made if need be. Nobody else may be able to put anything there, or to take it away. */
export async function privateFolder(): Promise<string> {
  // By the number, as a container's user may have no name: `userInfo` throws there. Windows has no numbers.
  const user = process.getuid?.() ?? -1;
  const folder = join(tmpdir(), `nestjs-manager-${user}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') {
      throw new ConfigurationError(`The folder ${folder} cannot be made: ${error.message}.`, { cause: error });
    }
  });
  // There is one user to a temporary directory on Windows, and no owner to ask for.
  if (process.platform === 'win32') return folder;
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== user || (found.mode & OTHERS) !== 0) {
    throw new ConfigurationError(
      `${folder} is not a folder that this user alone can enter: remove it, or set TMPDIR to a directory of your own.`,
    );
  }
  return folder;
}
