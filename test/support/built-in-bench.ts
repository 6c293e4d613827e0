import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { RedisTransport } from '../../libs/manager/src/transport/index.js';
import { Manager } from '../../libs/manager/src/types/index.js';
import type { Bench, OpenBench } from '../../libs/manager/src/types/support/bench.suite.js';
import { startRedis, type RedisServer } from './redis-server.js';
import { Stage } from './stage.js';

const TYPES = new URL('../../libs/manager/src/types/', import.meta.url);
const SOURCES = new URL('../workers/dist/sources.js', import.meta.url);

/**
 * Benches over Redis, whose server is another process: one for all tests of a file. After each test its names are taken
 * away, and nothing may be left in the server.
 */
export function benchOverRedis(folders: readonly string[]): OpenBench {
  let redis: RedisServer;
  let stage: Stage;
  let janitor: Manager;

  const connect = (application: string): Manager =>
    new Manager({ transport: new RedisTransport({ redis: redis.url, namespace: stage.namespace }), application });

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    await stage.server({ suites: folders.map((folder) => suiteOf(folder)) }, ['--import', SOURCES.href]);
    janitor = connect('janitor');
    await janitor.connect();
  });
  afterAll(async () => {
    await janitor.close();
    await stage.close();
    await redis.stop();
  });

  const close = async (managers: readonly Manager[]): Promise<void> => {
    await Promise.all(managers.map((manager) => manager.close()));
    const { servers } = await janitor.debugInfo();
    const objects = servers.flatMap((server) => server.objects);
    await Promise.all(objects.flatMap(({ typeid, name }) => (name === undefined ? [] : janitor.unlink(typeid, name))));
    expect(await janitor.numberOfObjects()).toBe(0);
  };

  return async (): Promise<Bench> => {
    const [manager, other] = [connect('test'), connect('other')];
    return { manager, other, close: () => close([manager, other]) };
  };
}

function suiteOf(folder: string): string {
  const file = readdirSync(new URL(`${folder}/`, TYPES)).find((name) => name.endsWith('.suite.ts'));
  if (!file) throw new Error(`There is no suite in types/${folder}`);
  return new URL(`${folder}/${file}`, TYPES).href;
}
