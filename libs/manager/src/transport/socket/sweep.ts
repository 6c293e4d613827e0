import { lstat, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDeadSocket } from './socket-file.js';

/** Ms between two times that the folder is looked through: each start would ask for each file otherwise. */
const SELDOM = 3600 * 1000;
const MARK = '.swept';
const MINUTE = 60_000;
/** What lies in the folder, and the age (ms) from which on nobody needs it. A live lock or draft is there for an instant. */
const AGES: readonly [RegExp, number][] = [
  // It matters within the same second, and nobody starts at this address again.
  [/^once-[\da-f]+\.generation/, MINUTE],
  // The seconds of the clock are above what is in it by then, unless somebody sets the clock back for days.
  [/\.generation/, 7 * 24 * 3600 * 1000],
  [/\.lock(\.[\da-f]+)?$/, MINUTE],
  [/^\.[\da-f]{10}$/, MINUTE],
];

/** Takes away what killed processes left in the folder, once an hour at most. Never rejects: who needs the folder says so. */
export async function sweep(folder: string): Promise<void> {
  try {
    const now = Date.now();
    const mark = join(folder, MARK);
    const last = await lstat(mark).catch(() => undefined);
    if (last && Math.abs(now - last.mtimeMs) < SELDOM) return;
    await writeFile(mark, '', { mode: 0o600 });
    for (const name of await readdir(folder)) await consider(join(folder, name), name, now);
  } catch {
    // Another time.
  }
}

async function consider(path: string, name: string, now: number): Promise<void> {
  // One by one, and what is in the way of one leaves the others.
  if (name.endsWith('.sock')) return removeDeadSocket(path).catch(() => undefined);
  const age = AGES.find(([pattern]) => pattern.test(name))?.[1];
  if (age === undefined) return;
  const found = await lstat(path).catch(() => undefined);
  if (found && now - found.mtimeMs > age) await rm(path, { force: true }).catch(() => undefined);
}
