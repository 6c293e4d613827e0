// The floor without Redis: what a framed echo over a Unix socket costs, with nothing on top of it.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FramedSocket } from '../echo/framed-socket.js';
import type { System } from '../system.js';

export default {
  async serve({ namespace }) {
    const address = join(tmpdir(), `${namespace}-echo.sock`);
    const server = createServer((socket) => {
      const framed: FramedSocket = new FramedSocket(socket, (message) => framed.send(message));
    });
    server.listen(address);
    await once(server, 'listening');
    return {
      address,
      stop: async () => {
        server.close();
      },
    };
  },

  async connect(_context, address) {
    const socket = connect(address!);
    await once(socket, 'connect');
    const pending = new Map<number, (value: unknown) => void>();
    let lastId = 0;
    const framed = new FramedSocket(socket, ([id, value]) => {
      const settle = pending.get(id)!;
      pending.delete(id);
      settle(value);
    });
    return {
      call: (by) =>
        new Promise((resolve) => {
          const id = ++lastId;
          pending.set(id, resolve);
          framed.send([id, by]);
        }),
      close: async () => {
        socket.destroy();
      },
    };
  },
} satisfies System;
