import { constants, accessSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Where a process has its blocks of shared memory: which processes share them with it. */
export interface Site {
  /** The same for all processes of one machine, containers included, until it is started anew. */
  readonly machine: string;
  readonly user: string;
  /** The folder that all users have in common. */
  readonly root: string;
}

/** Names the folder, where neither of the usual ones will do: a container may have little room, or share another one. */
const VARIABLE = 'NESTJS_MANAGER_SHARED_MEMORY';
/** Memory that looks like a folder, on Linux. */
const MEMORY = '/dev/shm';
/** Others may write to it. */
const OTHERS_WRITE = 0o002;
/** But none but the owner renames or removes what is in it. */
const STICKY = 0o1000;

let known: Site | undefined;

/** That of this process. It is asked for once: what exists already must be found where it was made. */
export function thisSite(): Site {
  return (known ??= Object.freeze({ machine: machineOf(), user: userOf(), root: rootOf() }));
}

/** The folder of one user, in which each server has one. */
export function userFolder({ root, user }: Site): string {
  return join(root, `nestjs-manager-${user}`);
}

/**
 * Why nothing is to be read from or put into this user's folder; undefined where all is well. Whoever else could write to it,
 * or had made it, could put links there that lead anywhere.
 */
export async function unsafe(site: Site): Promise<string | undefined> {
  const root = await statOf(site.root);
  if (!root?.isDirectory()) return `there is no folder ${site.root}`;
  if (process.geteuid && (root.mode & OTHERS_WRITE) !== 0 && (root.mode & STICKY) === 0) {
    return `everybody may rename what is in ${site.root}, since it has no sticky bit`;
  }
  const path = userFolder(site);
  const folder = await statOf(path);
  if (!folder) return `there is no folder ${path}`;
  if (!folder.isDirectory()) return `${path} is no folder`;
  return isPrivate(folder)
    ? undefined
    : `${path} belongs to another user, or others may use it: it must have the mode 0700`;
}

/** Whether it is this user's, and nobody else may do anything with it. Windows has no such modes, and folders of its own. */
export function isPrivate({ uid, mode }: { uid: number; mode: number }): boolean {
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & 0o077) === 0);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}

function machineOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux. The random name and content of each file tell the rest.
    return hostname();
  }
}

function userOf(): string {
  return process.geteuid ? String(process.geteuid()) : userInfo().username.replace(/\W/g, '_');
}

function rootOf(): string {
  const given = process.env[VARIABLE];
  const folder = given !== undefined && given !== '' ? given : hasMemory() ? MEMORY : tmpdir();
  try {
    // A link on the way to it, as /tmp is one on macOS, is the administrator's.
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK);
    return statSync(MEMORY).isDirectory();
  } catch {
    return false;
  }
}
