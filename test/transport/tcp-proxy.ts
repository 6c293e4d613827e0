import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a local port that can be cut, or fall silent without closing. */
export interface TcpProxy {
  readonly port: number;
  readonly url: string;
  /** Connections made through it so far. */
  readonly accepted: number;
  /** Drops what goes either way, on present and new connections, and keeps them open. */
  silence(): void;
  speak(): void;
  /** Ends the present connections. */
  cut(): void;
  /** Ends them and takes no more. */
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  let accepted = 0;
  const server = createServer((near) => {
    accepted += 1;
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (data) => void (silent || to.write(data)));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    silence: () => void (silent = true),
    speak: () => void (silent = false),
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
