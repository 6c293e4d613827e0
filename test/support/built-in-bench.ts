import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '@jest/globals';
import {
  defaultAddress,
  RedisTransport,
  SocketTransport,
  type Transport,
} from '../../libs/manager/src/transport/index.js';
import { Manager } from '../../libs/manager/src/types/index.js';
import type { Bench, OpenBench } from '../../libs/manager/src/types/support/bench.suite.js';
import type { ServerCommands } from '../workers/server.js';
import { startRedis } from './redis-server.js';
import { LEASE, Stage } from './stage.js';
import { Worker } from './worker.js';

const TYPES = new URL('../../libs/manager/src/types/', import.meta.url);
const SOURCES = new URL('../workers/dist/sources.js', import.meta.url);

/** A server in another process, and how to reach it. */
interface Place {
  transport(): Transport;
  close(): Promise<void>;
}

/** Benches over Redis. */
export function benchOverRedis(folders: readonly string[]): OpenBench {
  return bench(folders, async (suites, execArgv) => {
    const redis = await startRedis();
    const stage = new Stage(redis);
    await stage.server({ suites }, execArgv);
    return {
      transport: () => new RedisTransport({ redis: redis.url, namespace: stage.namespace }),
      async close() {
        await stage.close();
        await redis.stop();
      },
    };
  });
}

/** Benches over a Unix socket of the server's process. */
export function benchOverSocket(folders: readonly string[]): OpenBench {
  return bench(folders, async (suites, execArgv) => {
    const address = await defaultAddress();
    const options = { listen: address, name: 'default', lease: LEASE, suites };
    const server = new Worker<ServerCommands>('server', 'server', options, execArgv);
    await server.ready;
    return {
      transport: () => new SocketTransport({ address }),
      async close() {
        await server.ask('close');
        await server.kill();
      },
    };
  });
}

/**
 * Benches whose server is another process: one for all tests of a file. After each test its names are taken away, and
 * nothing may be left in the server.
 */
function bench(folders: readonly string[], start: (suites: string[], execArgv: string[]) => Promise<Place>): OpenBench {
  let place: Place;
  let janitor: Manager;

  const connect = (application: string): Manager => new Manager({ transport: place.transport(), application });

  beforeAll(async () => {
    place = await start(
      folders.map((folder) => suiteOf(folder)),
      ['--import', SOURCES.href],
    );
    janitor = connect('janitor');
    await janitor.connect();
  });
  afterAll(async () => {
    await janitor.close();
    await place.close();
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
