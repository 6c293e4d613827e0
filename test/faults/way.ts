import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way of one process to Redis, or to the server that listens, on which things go wrong. */
export interface Way {
  readonly url: string;
  /** Ends the present connections. */
  cut(): void;
  /**
   * The present connections, and those made until `open`, are half open: what is sent on them goes nowhere, and nobody
   * says so. They stay that way for good; to be heard again a new one is needed.
   */
  swallow(): void;
  open(): void;
  /** What is sent from now on takes so many ms longer, either way. */
  delay(ms: number): void;
  close(): Promise<void>;
}

interface Connection {
  dead: boolean;
  end(): void;
}

/** To a port, or to the file of a Unix socket; `scheme` is that of its URL. */
export async function startWay(target: () => number | string, scheme: 'redis' | 'tcp' = 'redis'): Promise<Way> {
  const connections = new Set<Connection>();
  let swallowing = false;
  let delay = 0;

  const server = createServer((near) => {
    const where = target();
    const far = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1');
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    const connection: Connection = { dead: swallowing, end };
    connections.add(connection);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      const pass = inOrder(to, () => delay);
      from.on('data', (data) => {
        if (!connection.dead) pass(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        connections.delete(connection);
        // Of a half-open connection neither end hears of the other's.
        if (!connection.dead || from === near) end();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const each = (act: (connection: Connection) => void): void => [...connections].forEach(act);

  return {
    url: `${scheme}://127.0.0.1:${port}`,
    cut: () => each(({ end }) => end()),
    swallow() {
      swallowing = true;
      each((connection) => (connection.dead = true));
    },
    open: () => void (swallowing = false),
    delay: (ms) => void (delay = ms),
    async close() {
      const closed = once(server, 'close');
      server.close();
      each(({ end }) => end());
      await closed;
    },
  };
}

/** Writes later, and nothing before what came earlier: by one timer, since those of different lengths may swap places. */
function inOrder(to: Socket, delay: () => number): (data: Buffer) => void {
  const waiting: { at: number; data: Buffer }[] = [];
  const flush = (): void => {
    while (waiting[0] && waiting[0].at <= performance.now()) {
      const { data } = waiting.shift() as { data: Buffer };
      if (!to.destroyed) to.write(data);
    }
    if (waiting[0]) setTimeout(flush, Math.max(1, waiting[0].at - performance.now()));
  };
  return (data) => {
    if (waiting.length === 0 && delay() === 0) {
      to.write(data);
      return;
    }
    waiting.push({ at: performance.now() + delay(), data });
    if (waiting.length === 1) setTimeout(flush, delay());
  };
}
