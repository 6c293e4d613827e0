import { realpath } from 'node:fs/promises';
import { extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigurationError } from '../../protocol/index.js';
import { shown } from '../support/shown.js';

/** With which a URL begins. Two letters at least: one is a drive of Windows. */
export const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** What Node, or a loader that it is started with, takes for code by its name; it refuses the rest of these unread. */
const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * The URL of a module that a client named, if it is one that the server lets pools run: a file at or below one of the
 * places in `allowed`, and in no `node_modules` below these. What is in there was not written to be called by clients.
 *
 * @throws TypeError for what is no string; ConfigurationError for what is not allowed, or is not there.
 */
export async function taskModule(given: unknown, allowed: readonly string[]): Promise<string> {
  if (typeof given !== 'string') {
    throw new TypeError(`pool() takes the module of its tasks as a URL or a path of the server, got ${shown(given)}.`);
  }
  const path = pathOf(given, allowed[0] ?? process.cwd());
  // A directory that was allowed by a link to it has two names, and Node gives a module the real one as its own.
  const roots = (await Promise.all(allowed.map(realPath))).filter((root) => root !== undefined);
  // Before the disk is asked for it: what is outside is refused alike, be it there or not.
  if (![...allowed, ...roots].some((place) => isWithin(place, path))) throw refused(given, allowed);
  const real = await realPath(path);
  expectCode(given, real ?? path);
  if (real === undefined) throw new ConfigurationError(`There is no module ${shown(given)} at the server (${path}).`);
  if (roots.some((root) => isWithin(root, real) && !inNodeModules(root, real))) return pathToFileURL(real).href;
  throw refused(given, allowed);
}

/**
 * Node runs a file without an extension, such as `.env`, as a script: and tells its first line in the error that comes of it.
 *
 * @throws ConfigurationError
 */
function expectCode(given: string, path: string): void {
  if (EXTENSIONS.includes(extname(path))) return;
  throw new ConfigurationError(
    `The module ${shown(given)} is no code by its name: pool() takes files that end in ${EXTENSIONS.join(', ')}.`,
  );
}

function pathOf(given: string, base: string): string {
  try {
    if (given.includes('\0')) throw new TypeError('a path has no NUL');
    if (!SCHEME.test(given)) return resolve(base, given);
    const url = new URL(given);
    if (url.protocol !== 'file:') throw new TypeError('only file: URLs are');
    return fileURLToPath(url);
  } catch (error) {
    throw new ConfigurationError(
      `pool() takes the module of its tasks as a file: URL or a path of the server, got ${shown(given)}.`,
      { cause: error },
    );
  }
}

function isWithin(place: string, path: string): boolean {
  const way = relative(place, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function inNodeModules(place: string, path: string): boolean {
  // Some disks do not tell upper from lower case.
  return relative(place, path).toLowerCase().split(sep).includes('node_modules');
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}

function refused(given: string, allowed: readonly string[]): ConfigurationError {
  const where =
    allowed.length === 0
      ? 'none'
      : `those below ${allowed.join(', ')}, except for what is in a node_modules folder there`;
  return new ConfigurationError(
    `The server does not let pools run the module ${shown(given)}. It allows ${where}: name its directory in the ` +
      'option `pools.modules` of the server.',
  );
}
