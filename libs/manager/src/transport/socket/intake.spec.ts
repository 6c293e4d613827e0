import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Intake } from './intake.js';

describe('what a socket reads', () => {
  const open: (Server | Socket)[] = [];

  afterEach(() => {
    for (const one of open.splice(0))
      if ('destroy' in one) one.destroy();
      else one.close();
  });

  /** A socket that connects, with its intake, and the other end of it. */
  async function pair() {
    const server = createServer().listen(0, '127.0.0.1');
    open.push(server);
    await once(server, 'listening');
    const intake = new Intake();
    const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', onread: intake.onread });
    const [far] = (await once(server, 'connection')) as [Socket];
    open.push(near, far);
    return { intake, near, far };
  }

  it('is all there, in its order, and stays as it was', async () => {
    const { intake, near, far } = await pair();
    const sent = Buffer.alloc(1_000_000, 0).map((_, index) => index % 251);
    const chunks: Buffer[] = [];
    intake.start((chunk) => chunks.push(chunk));
    for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 7) % 100_003) {
      far.write(sent.subarray(at, at + size));
    }
    far.end();
    await once(near, 'close');
    expect(Buffer.compare(Buffer.concat(chunks), sent)).toBe(0);
    expect(chunks.length).toBeGreaterThan(5);
  });

  it('before anybody takes it is kept for them', async () => {
    const { intake, near, far } = await pair();
    far.end('early');
    await once(near, 'close');
    const chunks: string[] = [];
    intake.start((chunk) => chunks.push(chunk.toString()));
    expect(chunks.join('')).toBe('early');
  });
});
