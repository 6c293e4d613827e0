import type { OnLost } from './handle.js';
import { expectHandle } from './proxy-class.js';

/**
 * In a client class: `fn` runs when the lease is over, or may be, under which the application holds what `proxy` stands for:
 * the server may have given its locks to others. It runs before any further call leaves; what it calls itself is the first
 * thing that the server hears, should the session go on. At once where nothing is held. Inside a server it is the end of
 * the session whose call runs.
 *
 * What `fn` gives, if that is a function, runs when all that is owned was given back: code of users belongs there.
 *
 * Gives a function that takes `fn` off again.
 */
export function onLeaseLost(proxy: object, fn: OnLost): () => void {
  return expectHandle(proxy, 'onLeaseLost()').target.onLost(fn);
}
