import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A compiled module of `test/workers/embedded`. */
export const moduleOf = (name: string): URL => new URL(`../workers/dist/embedded/${name}.js`, import.meta.url);

/** Whether a process of this id runs. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The file of a Unix socket's address. */
export const fileOf = (address: string): string => address.slice('unix://'.length);
export const isThere = (address: string): boolean => existsSync(fileOf(address));

/** A folder for the sockets of one test. */
export async function folder(): Promise<AsyncDisposable & { address(name?: string): string }> {
  const path = await mkdtemp(join(tmpdir(), 'embedded-'));
  return {
    address: (name = 'server') => `unix://${join(path, `${name}.sock`)}`,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
