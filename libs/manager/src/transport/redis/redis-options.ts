import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { ConfigurationError } from '../../protocol/errors.js';
import { MediumError } from '../medium-error.js';

/** What a connection is for: a blocking read, frames that are sent, everything else. */
export type RedisRole = 'reader' | 'writer' | 'control';

/** A client of ioredis, of one server or of a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * Makes a client for one connection, with TLS, ACL users, Sentinel or Cluster as its options say. Called again whenever
 * a connection is lost, and must return a new client each time: reconnecting and retrying options of the client itself
 * are switched off.
 */
export type RedisFactory = (role: RedisRole) => RedisClient;

export interface RedisTransportOptions {
  /** A `redis://` or `rediss://` URL, the options of an ioredis client, or a function that makes clients. */
  redis: string | RedisOptions | RedisFactory;
  /** Prefix of every key; applications and servers with the same one find each other. @default 'manager' */
  namespace?: string;
  /** Milliseconds without any reply after which a connection with commands under way is given up. @default 4000 */
  timeout?: number;
}

/** Makes the clients of one transport. ioredis is loaded here, at the first connection, and nowhere else. */
export async function createFactory(redis: RedisTransportOptions['redis']): Promise<RedisFactory> {
  if (typeof redis === 'function') return takeOver(redis);
  const { Redis: Client } = await load();
  return (role) => {
    const given = typeof redis === 'string' ? {} : redis;
    const own = {
      ...given,
      connectionName: given.connectionName ?? `nestjs-manager-${role}`,
      // Finds out about a peer that went away while nothing was sent, and keeps the way to it open.
      keepAlive: given.keepAlive ?? 30_000,
      lazyConnect: true,
      // One client is one connection: a lost one ends, its commands are rejected, and we make the next.
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      reconnectOnError: null,
      // Both reorder or end commands behind our back; a connection that is silent is noticed by `timeout`.
      enableAutoPipelining: false,
      commandTimeout: undefined,
      socketTimeout: undefined,
      blockingTimeout: undefined,
      disconnectTimeout: 300,
      // It asks INFO at each connection, which an ACL may forbid; a Sentinel client needs it to see whether it found a
      // master. We ask a command of our own instead.
      enableReadyCheck: 'sentinels' in given && !!given.sentinels,
      // The oldest protocol says all we need, alike in every version of server and client.
      protocol: 2,
      replyMapping: 'legacy',
    } satisfies RedisOptions;
    return typeof redis === 'string' ? new Client(redis, own) : new Client(own);
  };
}

function takeOver(factory: RedisFactory): RedisFactory {
  const seen = new WeakSet<RedisClient>();
  return (role) => {
    const client = factory(role);
    if (seen.has(client)) {
      throw new ConfigurationError(
        'The Redis factory returned a client that it had returned before; each call needs a new one',
      );
    }
    seen.add(client);
    // Read by ioredis when the connection ends. Without it a lost client would keep its commands, or send them again
    // after ours, and come back beside the one that replaced it.
    if (client.isCluster) Object.assign(client.options, { clusterRetryStrategy: () => null });
    else Object.assign(client.options, { retryStrategy: () => null, autoResendUnfulfilledCommands: false });
    return client;
  };
}

async function load(): Promise<{ Redis: typeof Redis }> {
  try {
    return await import('ioredis');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_MODULE_NOT_FOUND';
    if (missing)
      throw new ConfigurationError('The Redis transport needs the package ioredis: npm install ioredis', {
        cause: error,
      });
    throw new MediumError('ioredis could not be loaded', error);
  }
}
