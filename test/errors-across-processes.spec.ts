import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Connections } from '../libs/manager/src/client/connections.js';
import { proxyIdentity } from '../libs/manager/src/definition/index.js';
import { RedisTransport } from '../libs/manager/src/transport/index.js';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { Stage, type ApplicationWorker, type ServerWorker } from './support/stage.js';

jest.setTimeout(30_000);

/** One byte over the limit of a message, whatever is around it. */
const TOO_LARGE = 16 * 1024 * 1024 + 1;

describe('an error across processes', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let application: ApplicationWorker;
  let key: number;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server();
    application = await stage.application();
    key = await application.ask('create', 'Faulty');
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });
  let taken: number;
  beforeEach(async () => void (taken = (await server.ask('noted'))['take'] ?? 0));

  /** The next call works, in the same session. */
  const expectToGoOn = async (): Promise<void> => {
    expect(await application.ask('call', key, 'ping')).toBe('pong');
    expect((await server.ask('noted'))['take'] ?? 0).toBe(taken);
  };

  describe('of user code', () => {
    it('arrives as its own class, with its message, its fields and the stack of the server', async () => {
      await expect(application.ask('call', key, 'fail', 'shared')).rejects.toMatchObject({
        class: 'RoomFullError',
        name: 'RoomFullError',
        message: 'All 12 seats are taken.',
        ours: false,
        fields: { seats: 12 },
        remoteStack: expect.stringMatching(/RoomFullError.*[\s\S]*\bfail\b.*types\.[jt]s/),
      });
      await expectToGoOn();
    });

    it('arrives as a class of the language, with its cause', async () => {
      await expect(application.ask('call', key, 'fail', 'built-in')).rejects.toMatchObject({
        class: 'RangeError',
        message: 'out of range',
        cause: { class: 'RoomFullError', fields: { seats: 3 } },
      });
      await expectToGoOn();
    });

    it('arrives as RemoteError with its name where its class is unknown', async () => {
      await expect(application.ask('call', key, 'fail', 'unknown')).rejects.toMatchObject({
        class: 'RemoteError',
        code: 'ERR_MANAGER_REMOTE',
        remoteName: 'HiddenError',
        message: 'nobody knows me',
        fate: 'executed',
        fields: { remoteCode: 'EHIDDEN' },
        remoteStack: expect.stringMatching(/types\.[jt]s/),
      });
      await expectToGoOn();
    });

    it('arrives as it was where no error was thrown', async () => {
      await expect(application.ask('call', key, 'fail', 'text')).rejects.toMatchObject({
        class: 'string',
        message: 'only a text',
      });
      await expectToGoOn();
    });

    it('of a constructor reaches whoever creates', async () => {
      await expect(application.ask('create', 'Grumpy', 'alone', 1)).rejects.toMatchObject({ class: 'RoomFullError' });
      expect(typeof (await application.ask('create', 'Grumpy', 'alone', 1))).toBe('number');
    });
  });

  describe('of a call that cannot be', () => {
    it('says which methods are exposed, by a proxy that did not know them yet', async () => {
      const lazy = await application.ask('lazy', 'Faulty', 'named', {});
      await expect(application.ask('call', lazy, 'secret')).rejects.toMatchObject({
        class: 'MethodNotExposedError',
        fate: 'not-executed',
        fields: { typeid: 'Faulty', method: 'secret' },
        message: expect.stringContaining('fail, give, take, ping'),
      });
      // Now it knows them.
      expect(await application.ask('has', lazy, 'constructed')).toBe(false);
      expect(await application.ask('has', lazy, 'ping')).toBe(true);
      expect((await server.ask('noted'))['secret']).toBeUndefined();
      await expectToGoOn();
    });

    it('refuses every name that is not in the list, whatever a client sends', async () => {
      // No proxy lets these through: this client speaks the protocol without one.
      const nothing = (): undefined => undefined;
      const options = {
        transport: new RedisTransport({ redis: redis.url, namespace: stage.namespace }),
        application: 'rude',
        timeout: 5000,
        onCollected: nothing,
        onConnecting: nothing,
        onMalformed: nothing,
      };
      const connections = new Connections(options);
      try {
        const session = await connections.session({ typeid: 'Faulty' }, AbortSignal.timeout(5000));
        const proxy = (await session.call(0, 'create', ['Faulty', []], {})) as object;
        const id = proxyIdentity(proxy)?.id ?? 0;
        const names = ['secret', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'onModuleInit', ''];
        for (const name of names) {
          await expect(session.call(id, name, [], {})).rejects.toMatchObject({
            code: 'ERR_MANAGER_METHOD_NOT_EXPOSED',
            fate: 'not-executed',
          });
        }
        // Nor are they verbs of the server.
        for (const name of [...names, 'run', 'close']) {
          await expect(session.call(0, name, [], {})).rejects.toMatchObject({
            code: 'ERR_MANAGER_METHOD_NOT_EXPOSED',
            fate: 'not-executed',
          });
        }
        expect(await session.call(id, 'ping', [], {})).toBe('pong');
      } finally {
        await connections.close(100);
      }
      expect((await server.ask('noted'))['secret']).toBeUndefined();
    });

    it('names the types that there are where a typeid is wrong', async () => {
      for (const typeid of ['Nothing', '__proto__', 'constructor', 'toString']) {
        const refusal = {
          class: 'TypeNotRegisteredError',
          fate: 'not-executed',
          message: expect.stringContaining('Counter'),
        };
        await expect(application.ask('create', typeid)).rejects.toMatchObject(refusal);
        await expect(application.ask('get', typeid, 'name')).rejects.toMatchObject(refusal);
      }
      await expectToGoOn();
    });
  });

  describe('of a value that cannot be carried', () => {
    it('is raised before an argument is sent', async () => {
      await expect(application.ask('takeFunction', key)).rejects.toMatchObject({
        class: 'EncodingError',
        fate: 'not-executed',
        fields: { method: 'take', typeid: 'Faulty' },
        message: expect.stringContaining('deep'),
      });
      await expectToGoOn();
    });

    it('reaches the caller whose method gave it, and grants nothing of the same result', async () => {
      const before = await application.ask('numberOfObjects');
      for (const kind of ['function', 'symbol', 'instance', 'half']) {
        await expect(application.ask('call', key, 'give', kind)).rejects.toMatchObject({
          class: 'EncodingError',
          fate: 'executed',
        });
        await expectToGoOn();
      }
      expect(await application.ask('numberOfObjects')).toBe(before);
    });

    it('is raised for an argument over the limit, and by the server for such a result', async () => {
      await expect(application.ask('takeBytes', key, TOO_LARGE)).rejects.toMatchObject({
        class: 'PayloadTooLargeError',
        fate: 'not-executed',
      });
      await expectToGoOn();
      await expect(application.ask('call', key, 'give', 'bytes', TOO_LARGE)).rejects.toMatchObject({
        class: 'PayloadTooLargeError',
        fate: 'executed',
      });
      await expectToGoOn();
      expect(await application.ask('takeBytes', key, 8 * 1024 * 1024)).toBe('[object Uint8Array]');
    });
  });
});
