import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { startWay, type Way } from './way.js';

/** What processes reach each other by. Over a socket that is the server itself, which listens. */
export const MEDIA = ['Redis', 'a socket'] as const;
export type MediumName = (typeof MEDIA)[number];
/**
 * For scenarios in which little is different where the medium is: `npm test` has time to play them over Redis, and
 * `npm run test:faults` plays them over both.
 */
export const ALIKE: readonly MediumName[] = process.env['FAULTS_SHORT'] === '1' ? ['Redis'] : MEDIA;

export interface Medium {
  readonly name: MediumName;
  /** For whoever reaches it directly: a `redis://` URL, or the address at which each server listens in its turn. */
  readonly at: string;
  /** For a process that something will happen to on its way. */
  way(): Promise<Way>;
  /** @throws where there is none. */
  readonly redis: RedisServer;
  stop(): Promise<void>;
}

export async function openMedium(name: MediumName, options?: RedisServerOptions): Promise<Medium> {
  if (name === 'a socket') return openSocket();
  const redis = await startRedis(options);
  return {
    name,
    at: redis.url,
    way: () => startWay(() => redis.port),
    redis,
    stop: () => redis.stop(),
  };
}

/**
 * The file of a Unix socket, which is ours for as long as its folder is, whoever listens there. The ways to it are TCP, so
 * both are played.
 */
async function openSocket(): Promise<Medium> {
  const folder = await mkdtemp(join(tmpdir(), 'manager-socket-'));
  const path = join(folder, 'server.sock');
  return {
    name: 'a socket',
    at: `unix://${path}`,
    way: () => startWay(() => path, 'tcp'),
    get redis(): never {
      throw new Error('There is no Redis here: it is played over a socket');
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}
