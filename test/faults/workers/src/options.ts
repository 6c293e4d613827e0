import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Limits, MediumOptions } from 'nestjs-manager';
import { DeafTransport } from './deaf.js';

/** What every process of the arena is told in its environment, as JSON, under `WORKER_OPTIONS`. */
export interface ArenaOptions {
  redis: string;
  namespace: string;
  authkey?: string | undefined;
  /** Ms without a reply after which a connection is given up. */
  patience: number;
  /** Its name in the history, and where it writes that, if it does. */
  by: string;
  file?: string | undefined;
  /** A file with the URL of the Redis that is the primary now, in place of `redis`. */
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

/** The transport of this process, once it has one. */
export let transport: DeafTransport | undefined;

/** Short leases need a connection that gives up sooner than users would want it to; there is no option for that. */
export function mediumOf({ redis, namespace, patience, authkey, primary, limits }: ArenaOptions): MediumOptions {
  const where =
    primary === undefined ? redis : (): Redis => new Redis(readFileSync(primary, 'utf8'), { lazyConnect: true });
  return {
    transport: () => (transport = new DeafTransport({ redis: where, namespace, timeout: patience })),
    ...(authkey !== undefined && { authkey }),
    ...(limits && { limits }),
  };
}
