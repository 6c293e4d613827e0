import { isProxy, proxyIdentity, type AnyProxy } from '../../definition/index.js';
import { shown } from './shown.js';

/** What can be a key of a dict or a member of a set: primitives are compared as a Map does, proxies by their object. */
export type Key = string | number | bigint | boolean | null | undefined | AnyProxy;

/** First character of the strings that stand for other things than themselves. */
const ESCAPE = '\0';

/**
 * What stands for a key in a Map: a primitive for itself, a proxy as a string that only proxies of its object have.
 *
 * @param what `key` or `member`, for messages
 * @throws TypeError for what can be no key
 */
export function slotOf(key: unknown, member: string, what: string): unknown {
  if (typeof key === 'string') return key.startsWith(ESCAPE) ? `${ESCAPE}s${key}` : key;
  if (typeof key !== 'object' || key === null) return key;
  if (!isProxy(key)) {
    throw new TypeError(
      `${member}() takes a primitive or a proxy as ${what}, got ${shown(key)}: a copy of it would be another one.`,
    );
  }
  const identity = proxyIdentity(key);
  if (!identity) throw new TypeError(`${member}() got a proxy as ${what} that has not reached its object yet.`);
  return `${ESCAPE}p${identity.generation}/${identity.id}/${identity.server}`;
}
