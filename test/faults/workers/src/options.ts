import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Limits, ManagerServerModuleOptions, MediumOptions } from 'nestjs-manager';
import { Authenticator } from '../../../../libs/manager/dist/link/index.js';
import { RedisTransport, SocketTransport, type Transport } from '../../../../libs/manager/dist/transport/index.js';
import { Tap } from './tap.js';

/** What every process of the arena is told in its environment, as JSON, under `WORKER_OPTIONS`. */
export interface ArenaOptions {
  /** A `redis://` URL; or an address, at which a server listens and others find it. */
  at: string;
  namespace: string;
  authkey?: string | undefined;
  /** Ms without a reply after which a connection is given up. */
  patience: number;
  /** Its name in the history, and where it writes that, if it does. */
  by: string;
  file?: string | undefined;
  /** A file with the URL of the Redis that is the primary now, in place of `at`. */
  primary?: string | undefined;
  limits?: Partial<Limits> | undefined;
}

export interface FaultyServerOptions extends ArenaOptions {
  name: string;
  lease: number;
  /** Where a `Clerk` writes. */
  vault?: string | undefined;
}

export interface PlayerOptions extends ArenaOptions {
  seed: number;
  servers: string[];
  /** Of the Redis that is the vault: what the locks guard. No fault touches it. */
  vault: string;
}

/** On the transport of this process. */
export const tap = new Tap();

/** What a manager is reached by. Short leases need a connection that gives up sooner than users would want it to; there is no option for that. */
export function mediumOf(options: ArenaOptions): MediumOptions {
  return { transport: () => tap.on(transportOf(options)), ...common(options) };
}

/** What a server is reached by: where it listens itself, that is all. */
export function serverMediumOf(options: ArenaOptions): Pick<ManagerServerModuleOptions, 'listen'> & MediumOptions {
  return overRedis(options) ? mediumOf(options) : { listen: options.at, ...common(options) };
}

function overRedis({ at }: ArenaOptions): boolean {
  return at.startsWith('redis:');
}

function transportOf(options: ArenaOptions): Transport {
  const { at, namespace, patience: timeout, authkey, primary } = options;
  if (overRedis(options)) {
    const redis =
      primary === undefined ? at : (): Redis => new Redis(readFileSync(primary, 'utf8'), { lazyConnect: true });
    return new RedisTransport({ redis, namespace, timeout });
  }
  const auth = authkey === undefined ? undefined : new Authenticator(authkey);
  return new SocketTransport({ address: at, timeout, ...(auth && { keys: () => auth.connectionKeys() }) });
}

function common({ authkey, limits }: ArenaOptions): MediumOptions {
  return { ...(authkey !== undefined && { authkey }), ...(limits && { limits }) };
}
