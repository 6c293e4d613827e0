import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { startWay, type Way } from './way.js';

/** Answers whatever it gets with the same. */
describe('a way to an echo', () => {
  let echo: Server;
  let way: Way;
  let sockets: Socket[];

  beforeEach(async () => {
    sockets = [];
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    way = await startWay(() => (echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await way.close();
    echo.close();
  });

  const open = async (): Promise<{ socket: Socket; heard: () => string }> => {
    const socket = connect(Number(new URL(way.url).port), '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return { socket, heard: () => text };
  };
  const heardIs = (heard: () => string, text: string): Promise<{ after: number }> =>
    until(heard, (now) => now === text, { within: 5000, every: 5 });

  it('passes on what is sent, in its order, also while it is slow and after', async () => {
    const { socket, heard } = await open();
    socket.write('a');
    await heardIs(heard, 'a');
    way.delay(100);
    socket.write('b');
    const { after } = await heardIs(heard, 'ab');
    expect(after).toBeGreaterThan(180);
    for (const letter of 'cdefgh') {
      socket.write(letter);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    way.delay(0);
    socket.write('i');
    await heardIs(heard, 'abcdefghi');
  });

  it('ends its connections, and takes new ones', async () => {
    const { socket } = await open();
    const closed = once(socket, 'close');
    way.cut();
    await closed;
    const { socket: other, heard } = await open();
    other.write('again');
    await heardIs(heard, 'again');
  });

  it('swallows for good what is sent on the connections of that time', async () => {
    const before = await open();
    way.swallow();
    const during = await open();
    way.open();
    const after = await open();
    for (const { socket } of [before, during, after]) socket.write('word');
    await heardIs(after.heard, 'word');
    expect([before.heard(), during.heard()]).toEqual(['', '']);
    expect([before.socket.closed, during.socket.closed]).toEqual([false, false]);
  });
});
