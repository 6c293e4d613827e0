import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

const storage = new AsyncLocalStorage<string>();

/** Runs `fn` as an owner of its own for locks: what it awaits belongs to it. */
export function runTask<R>(fn: () => R): R {
  return storage.run(randomBytes(9).toString('base64url'), fn);
}

/** The task that is running, '' outside of one. */
export function currentTask(): string {
  return storage.getStore() ?? '';
}
