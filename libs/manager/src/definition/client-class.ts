import { ConfigurationError } from '../protocol/errors.js';
import { globalState } from './global-state.js';
import { RESERVED_NAMES } from './reserved-names.js';

/** A class whose members run in the application, in front of the remote methods of a shared type. */
export type ClientClass = abstract new (...args: never[]) => object;

/** What a client class adds to the proxies of its type. */
export type ClientMembers = ReadonlyMap<string | symbol, (...args: unknown[]) => unknown>;

const NONE: ClientMembers = new Map();
const { classes } = globalState('client-classes/1', () => ({ classes: new Map<string, () => ClientClass>() }));
const members = new WeakMap<ClientClass, ClientMembers>();

/** Lets proxies of a typeid, wherever in this process they come to be, have the members of a class. The last one wins. */
export function registerClientClass(typeid: string, proxy: () => ClientClass): void {
  classes.set(typeid, proxy);
}

/** What runs in the application for proxies of this type: `proxy` says, or else what this process knows of the typeid. */
export function clientMembersOf(typeid: string, proxy = classes.get(typeid)): ClientMembers {
  if (!proxy) return NONE;
  const type = proxy();
  let found = members.get(type);
  if (!found) members.set(type, (found = collect(typeid, type)));
  return found;
}

/** The methods of a class and its bases. Nobody ever makes an instance of it: `this` is the proxy. */
function collect(typeid: string, type: ClientClass): ClientMembers {
  const found = new Map<string | symbol, (...args: unknown[]) => unknown>();
  const fail = (name: string | symbol, why: string): never => {
    throw new ConfigurationError(`The client class of the type "${typeid}" cannot have "${String(name)}": ${why}`, {
      typeid,
    });
  };
  if (typeof type !== 'function') fail('proxy', 'the option `proxy` must be a function that gives a class.');
  let prototype = type.prototype as object | null;
  while (prototype && prototype !== Object.prototype) {
    for (const name of Reflect.ownKeys(prototype)) {
      if (name === 'constructor' || found.has(name)) continue;
      const { value } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
      if (typeof name === 'string' && RESERVED_NAMES.has(name)) fail(name, 'the name is reserved.');
      if (typeof name === 'symbol' && name !== Symbol.asyncIterator) {
        fail(name, 'of symbols only Symbol.asyncIterator may be one.');
      }
      if (typeof value !== 'function') fail(name, 'its members are methods.');
      found.set(name, value as (...args: unknown[]) => unknown);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return found;
}
