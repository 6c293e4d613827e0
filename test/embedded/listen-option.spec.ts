import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { ConsoleLogger, Module, type INestMicroservice } from '@nestjs/common';
import {
  connectManager,
  createManagerServer,
  ManagerServerModule,
  ManagerServerStrategy,
  ServerUnavailableError,
  SharedType,
  type ManagerServerModuleOptions,
  type ManagerServerOptions,
} from 'nestjs-manager';
import { certificate, certificateKey } from '../../libs/manager/src/transport/socket/certificate.suite.js';
import { folder } from './fixtures.js';
import { until } from '../support/until.js';

@SharedType()
class Tally {
  #count = 0;

  add(): number {
    return ++this.#count;
  }
}

class Warnings extends ConsoleLogger {
  readonly texts: string[] = [];

  override log(): void {}
  override warn(message: string): void {
    this.texts.push(message);
  }
}

const listening: INestMicroservice[] = [];
afterEach(async () => {
  await Promise.all(listening.splice(0).map((app) => app.close()));
});

/** Serves in this process; resolves with the address. */
async function serve(
  options: ManagerServerModuleOptions,
  given: Pick<ManagerServerOptions, 'listen' | 'logger'> = {},
): Promise<string> {
  @Module({ imports: [ManagerServerModule.forRoot({ types: [Tally], ...options })] })
  class ServerModule {}
  const app = await createManagerServer(ServerModule, { logger: false, abortOnError: false, ...(given as object) });
  listening.push(app);
  await app.listen();
  return app.get(ManagerServerStrategy).address as string;
}

async function addOne(address: string, options?: Parameters<typeof connectManager>[1]): Promise<number> {
  await using manager = await connectManager(address, options);
  await using tally = await manager.create(Tally);
  return tally.add();
}

describe('a server that listens', () => {
  it('is told so where it is made, whatever its module says', async () => {
    await using files = await folder();
    const address = await serve({ redis: 'redis://127.0.0.1:1' }, { listen: files.address() });
    expect(address).toBe(files.address());
    expect(await addOne(address)).toBe(1);
  });

  it('is told so by its module', async () => {
    expect(await addOne(await serve({ listen: 'tcp://127.0.0.1:0' }))).toBe(1);
  });

  it('has TLS where it is given a certificate, which those who connect check', async () => {
    const tls = { cert: certificate, key: certificateKey };
    const address = await serve({ listen: 'tcp://localhost:0', tls });
    expect(await addOne(address, { tls: { ca: certificate } })).toBe(1);
    await expect(addOne(address, { tls: true, timeout: 2000 })).rejects.toThrow(/TLS with .* failed/);
    const plain = await addOne(address, { timeout: 1500 }).catch((error: unknown) => error);
    expect(plain).toBeInstanceOf(ServerUnavailableError);
    expect(plain).toMatchObject({ message: expect.stringContaining('was closed'), cause: expect.any(Error) });
  });

  it('logs whom it refuses', async () => {
    const logger = new Warnings();
    const address = await serve({ listen: 'tcp://127.0.0.1:0', authkey: 'a key of the tests' }, { logger });
    const stranger = connect({ host: '127.0.0.1', port: Number(address.split(':').at(-1)) });
    stranger.on('error', () => undefined);
    stranger.end('GET / HTTP/1.1\r\n\r\n');
    await until(
      () => logger.texts.join('\n'),
      (text) => /connections were refused so far/.test(text),
      { within: 5000 },
    );
    stranger.destroy();
  });
});
