import { handleOf } from './proxy-class.js';

/**
 * Inside a server: the very object that a proxy stands for, where it lives in the same server; undefined where it does not,
 * and in an application. For types of one author that work on each other in one step, as a condition does on its lock.
 * Nothing holds the object on this account: keep the proxy as well.
 *
 * @example
 * ```ts
 * constructor(lock: SharedProxy<Lock>) {
 *   const inner = referentOf(keep(lock, this));
 *   if (!(inner instanceof Lock)) throw new TypeError('Takes a lock of the same server.');
 * }
 * ```
 */
export function referentOf(proxy: unknown): object | undefined {
  return handleOf(proxy)?.target.referent?.();
}
