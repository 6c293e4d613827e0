import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AuthenticationError, ConfigurationError } from '../../protocol/errors.js';
import { Recorder, bytes, eventually } from '../recorder.suite.js';
import type { Transport } from '../transport.js';
import { certificate, certificateKey } from './certificate.suite.js';
import { Kind, LONGEST, MAGIC, VERSION } from './messages.js';
import { SocketHub } from './socket-hub.js';
import type { SocketHubOptions, SocketTransportOptions } from './socket-options.js';
import { SocketTransport } from './socket-transport.js';

jest.setTimeout(30_000);

const secret = randomBytes(32);
const keys = (...of: Uint8Array[]) => ({ keys: () => Promise.resolve(of) });

const u32 = (value: number): Buffer => {
  const made = Buffer.alloc(4);
  made.writeUInt32LE(value);
  return made;
};
const message = (kind: number, ...fields: Uint8Array[]): Buffer => {
  const body = Buffer.concat([Buffer.from([kind]), ...fields]);
  return Buffer.concat([u32(body.length), body]);
};
const hello = (lane = 0, keyed = 0, client: Uint8Array = randomBytes(16)): Buffer =>
  message(Kind.hello, MAGIC, Buffer.from([VERSION, lane, keyed]), client, randomBytes(32));

describe('a hub', () => {
  let hub: SocketHub;
  let owner: Transport;
  let reader: Recorder;
  let refusals: string[];
  let raw: Socket[];
  let clients: SocketTransport[];

  const start = async (options: Partial<SocketHubOptions> = {}): Promise<void> => {
    hub = new SocketHub({ listen: 'tcp://127.0.0.1:0', onRefused: (text) => refusals.push(text), ...options });
    owner = hub.connect();
    await owner.open();
    reader = new Recorder();
    await owner.openInbox('a', { ttl: 60_000 }, reader);
  };
  const client = (options: Partial<SocketTransportOptions> = {}): SocketTransport => {
    const made = new SocketTransport({ address: hub.address, ...options });
    clients.push(made);
    return made;
  };
  const dial = async (): Promise<Socket & { received: Buffer }> => {
    const socket = Object.assign(connect(Number(hub.address.split(':').at(-1)), '127.0.0.1'), {
      received: Buffer.alloc(0),
    });
    raw.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (socket.received = Buffer.concat([socket.received, chunk])));
    await once(socket, 'connect');
    return socket;
  };
  /** A raw connection that was let in. */
  const enter = async (lane = 0, id?: Uint8Array): Promise<Socket & { received: Buffer }> => {
    const socket = await dial();
    socket.write(hello(lane, 0, id));
    await eventually(() => socket.received.length > 0);
    expect(socket.received[4]).toBe(Kind.welcome);
    return socket;
  };
  const gone = async (socket: Socket): Promise<void> => {
    if (!socket.closed) await once(socket, 'close');
  };
  /** An honest client is served all the same. */
  const works = async (options: Partial<SocketTransportOptions> = {}): Promise<void> => {
    const honest = client(options);
    await honest.open();
    const before = reader.frames.length;
    expect(await honest.write('a', 'frames', bytes('honest'))).toBe(true);
    await reader.until(() => reader.frames.length > before);
    expect(reader.texts().at(-1)).toBe('honest');
  };

  beforeEach(() => {
    [refusals, raw, clients] = [[], [], []];
  });
  afterEach(async () => {
    for (const socket of raw) socket.destroy();
    await Promise.all(clients.map((each) => each.close()));
    await owner.close();
    await hub.close();
  });

  describe('with keys', () => {
    it('lets in who has one of them, whichever it is', async () => {
      const [old, next] = [randomBytes(32), randomBytes(32)];
      await start(keys(next, old));
      await works(keys(old));
      await works(keys(next, old));
    });

    it.each([
      ['another key', keys(randomBytes(32))],
      ['no key', {}],
    ])('lets nobody in who has %s', async (_, options) => {
      await start(keys(secret));
      const stranger = client(options);
      await expect(stranger.open()).rejects.toThrow(AuthenticationError);
      await expect(stranger.open()).rejects.toThrow('authkey');
      await stranger.close();
      expect(refusals[0]).toMatch(/authkey/);
      await works(keys(secret));
    });

    it('is asked for its own proof', async () => {
      await start();
      const careful = client(keys(secret));
      await expect(careful.open()).rejects.toThrow(AuthenticationError);
      await expect(careful.open()).rejects.toThrow('has no authkey');
    });

    it('is not impersonated by who sends a client its own proof back', async () => {
      await start(keys(secret));
      // It has no key: its challenge is the nonce of the client itself, its proof that of the client.
      const mirror = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => {
          const content = chunk.subarray(5);
          if (chunk[4] === Kind.hello) socket.write(message(Kind.challenge, content.subarray(-32)));
          if (chunk[4] === Kind.proof) socket.write(message(Kind.welcome, Buffer.alloc(24), content));
        });
      }).listen(0, '127.0.0.1');
      await once(mirror, 'listening');
      const fooled = client({ ...keys(secret), address: `tcp://127.0.0.1:${(mirror.address() as AddressInfo).port}` });
      await expect(fooled.open()).rejects.toThrow('did not prove');
      await fooled.close();
      mirror.close();
    });

    it('takes a proof for one connection alone', async () => {
      await start(keys(secret));
      // What an honest client says, as somebody between it and the hub hears it.
      const heard: Buffer[] = [];
      const tap = createServer((near) => {
        const far = connect(Number(hub.address.split(':').at(-1)), '127.0.0.1');
        near.on('data', (chunk: Buffer) => (heard.push(chunk), far.write(chunk)));
        far.on('data', (chunk) => near.write(chunk));
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          one.on('error', () => undefined);
          one.on('close', () => other.destroy());
        }
      }).listen(0, '127.0.0.1');
      await once(tap, 'listening');
      const honest = client({ ...keys(secret), address: `tcp://127.0.0.1:${(tap.address() as AddressInfo).port}` });
      await honest.open();
      const [said, proof] = [Kind.hello, Kind.proof].map((kind) => heard.find((chunk) => chunk[4] === kind));
      const thief = await dial();
      thief.write(said!);
      await eventually(() => thief.received.length > 0);
      thief.write(proof!);
      await gone(thief);
      expect(thief.received.includes(Buffer.from('did not prove'))).toBe(true);
      await honest.close();
      tap.close();
    });

    it('does nothing for who did not prove anything yet', async () => {
      await start(keys(secret));
      for (const early of [
        message(Kind.writeTo, Buffer.from([1, 0]), bytes('ax')),
        message(Kind.ask, u32(1), bytes('["nextGeneration"]')),
        message(Kind.proof, Buffer.alloc(32)),
        Buffer.concat([hello(0, 1), message(Kind.write, bytes('x'))]),
        Buffer.concat([hello(0, 1), hello(0, 1)]),
      ]) {
        const socket = await dial();
        socket.write(early);
        await gone(socket);
      }
      expect(reader.frames).toHaveLength(0);
      await works(keys(secret));
    });
  });

  describe('without an honest word', () => {
    it.each([
      ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
      ['nothing but zeros', Buffer.alloc(1000)],
      ['a message that is too long', Buffer.concat([u32(513), Buffer.alloc(600)])],
      ['a greeting of another protocol', message(Kind.hello, bytes('somebody'), Buffer.alloc(51))],
      ['a greeting that is cut', message(Kind.hello, MAGIC, Buffer.from([VERSION, 0]))],
      ['a lane that there is none of', hello(7)],
      ['another version', message(Kind.hello, MAGIC, Buffer.from([99, 0, 0]), Buffer.alloc(48))],
      ['a kind that there is none of', message(200, bytes('x'))],
    ])('closes a connection that says %s', async (_, said) => {
      await start();
      const socket = await dial();
      socket.write(said);
      await gone(socket);
      await eventually(() => refusals.length > 0);
      await works();
    });

    it('gives up one that says nothing, and turns away those beyond a bound', async () => {
      await start();
      const many = await Promise.all(Array.from({ length: 300 }, () => dial()));
      await eventually(() => many.filter((socket) => socket.closed).length === 44);
      await Promise.all(many.map(gone));
      await works();
    });
  });

  describe('after the greeting', () => {
    const name = Buffer.concat([Buffer.from([1, 0]), bytes('a')]);
    it.each([
      ['a kind that there is none of', message(99)],
      ['a message of nothing', u32(0)],
      ['one that is longer than any', u32(LONGEST + 1)],
      ['an owner longer than its message', message(Kind.writeTo, Buffer.from([200, 0]), bytes('a'))],
      ['a cut question', message(Kind.ask, Buffer.from([1]))],
      ['a question that is no JSON', message(Kind.ask, u32(1), bytes('{'))],
      ['a ttl that is none', message(Kind.attach, u32(1), Buffer.alloc(24, 0xff), name)],
      ['a cut ping', message(Kind.ping, Buffer.from([1]))],
    ])('closes a connection that says %s', async (_, said) => {
      await start();
      const socket = await enter();
      socket.write(said);
      await gone(socket);
      await eventually(() => refusals.length > 0);
      await works();
    });

    it.each([
      '[]',
      'null',
      '1',
      '["x"]',
      '["renew"]',
      '["compareAndSet","other","x",null,null,1]',
      '["read","name",7]',
    ])('fails the question %s, and no other one', async (question) => {
      await start();
      const socket = await enter(1);
      socket.received = Buffer.alloc(0);
      socket.write(message(Kind.ask, u32(1), bytes(question)));
      socket.write(message(Kind.ask, u32(2), bytes('["announced"]')));
      await eventually(() => socket.received.includes(Buffer.from('[]')));
      expect(socket.received[4]).toBe(Kind.failure);
    });

    it('is not shaken by bytes at random, whole or cut', async () => {
      await start();
      const kinds = Object.values(Kind);
      for (let round = 0; round < 150; round += 1) {
        const socket = await enter(round % 2);
        const count = 1 + Math.floor(Math.random() * 20);
        for (let index = 0; index < count; index += 1) {
          const kind = kinds[Math.floor(Math.random() * kinds.length)] as number;
          const whole = message(kind, randomBytes(Math.floor(Math.random() * 60)));
          socket.write(Math.random() < 0.1 ? whole.subarray(0, Math.floor(Math.random() * whole.length)) : whole);
        }
        if (Math.random() < 0.5) socket.destroy();
        else socket.end();
        await gone(socket);
      }
      await works();
    });

    it('reads messages that come byte by byte', async () => {
      await start();
      const socket = await enter();
      for (const byte of Buffer.concat([
        message(Kind.writeTo, name, bytes('one')),
        message(Kind.write, bytes('two')),
      ])) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await reader.until(() => reader.frames.length === 2);
      expect(reader.texts()).toEqual(['one', 'two']);
    });

    it('gives up who does not read its inbox, and keeps no more than a bound for it', async () => {
      await start();
      const id = randomBytes(16);
      const socket = await enter(0, id);
      socket.pause();
      const attach = (index: number): Buffer => {
        const fields = Buffer.alloc(28);
        fields.writeUInt32LE(index, 0);
        fields.writeDoubleLE(60_000, 4);
        return message(Kind.attach, fields, bytes('deaf'));
      };
      socket.write(attach(1));
      await eventually(() => owner.write('deaf', 'frames', bytes('x')));
      const big = Buffer.alloc(1024 * 1024);
      let taken = 0;
      while (await owner.write('deaf', 'frames', big)) taken += 1;
      expect(taken).toBeGreaterThan(30);
      expect(taken).toBeLessThan(70);
      socket.resume();
      await gone(socket);
      await eventually(() => refusals.some((text) => text.includes('does not read')));
      await works();
    });
  });

  describe('under TLS', () => {
    it('is not used by who does not trust its certificate, nor without TLS', async () => {
      await start({ tls: { cert: certificate, key: certificateKey } });
      const distrustful = client({ tls: true });
      await expect(distrustful.open()).rejects.toThrow(ConfigurationError);
      await expect(distrustful.open()).rejects.toThrow('TLS with');
      const plain = client();
      plain.open().catch(() => undefined);
      await eventually(() => plain.lastError !== undefined);
      expect(plain.state).toBe('connecting');
      await plain.close();
      await works({ tls: { ca: certificate } });
    });
  });
});

describe('a client', () => {
  it.each([
    ['nonsense', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a welcome that is none', message(Kind.welcome, Buffer.alloc(3))],
  ])('says so where what listens answers %s', async (_, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const made = new SocketTransport({ address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(made.open()).rejects.toThrow('is no manager server');
    await made.close();
    server.close();
  });

  it('waits for a hub that is not there yet, and says why', async () => {
    const hub = new SocketHub({ listen: 'tcp://127.0.0.1:0' });
    await hub.open();
    const { address } = hub;
    await hub.close();
    const early = new SocketTransport({ address });
    const opened = early.open();
    await eventually(() => early.lastError !== undefined);
    expect(early.lastError?.message).toBe(`nobody listens at ${address}`);
    const late = new SocketHub({ listen: address });
    await late.open();
    await opened;
    expect(early.lastError).toBeUndefined();
    await early.close();
    await late.close();
  });

  it('can be closed while it waits', async () => {
    const early = new SocketTransport({ address: 'tcp://127.0.0.1:1' });
    const opened = early.open();
    await early.close();
    await expect(opened).rejects.toMatchObject({ name: 'MediumError' });
    expect(early.state).toBe('closed');
  });
});
