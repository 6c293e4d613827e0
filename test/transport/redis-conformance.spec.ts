import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeTransport } from '../../libs/manager/src/transport/conformance.suite.js';
import { RedisTransport, type RedisTransportOptions, type Transport } from '../../libs/manager/src/transport/index.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { startProxy, type TcpProxy } from './tcp-proxy.js';

jest.setTimeout(30_000);

const KEY = /^[\w-]+:\{[^{}]+\}:(frames|beats|server|name|counter|directory)$/;
let namespaces = 0;

const ways: Record<string, (port: number) => RedisTransportOptions['redis']> = {
  'by URL': (port) => `redis://127.0.0.1:${port}`,
  'by options': (port) => ({ host: '127.0.0.1', port, commandTimeout: 20, enableAutoPipelining: true }),
  // What a user writes who thinks of nothing, half of the connections in the newest protocol with its own shapes.
  'by a factory': (port) => (role) =>
    role === 'writer' ? new Redis(port) : (new Redis(port, { protocol: 3, replyMapping: 'resp3' }) as unknown as Redis),
};

describe.each(Object.entries(ways))('%s', (name, redis) => {
  let server: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    await admin.quit();
    await server.stop();
  });

  describeTransport(`redis ${name}`, async () => {
    const namespace = `conformance-${(namespaces += 1)}`;
    const proxies = new Map<Transport, TcpProxy>();
    return {
      async connect() {
        const proxy = await startProxy(server.port);
        const transport = new RedisTransport({ redis: redis(proxy.port), namespace });
        proxies.set(transport, proxy);
        await transport.open();
        return transport;
      },
      kill: (transport) => proxies.get(transport)?.close(),
      async close() {
        await Promise.all(Array.from(proxies.values(), (proxy) => proxy.close()));
        const keys = await admin.keys('*');
        expect(keys.filter((key) => !KEY.test(key) || !key.startsWith(`${namespace}:`))).toEqual([]);
        // Closed transports leave claims, the counter and the directory; a killed one its inbox until that runs out.
        expect(keys.filter((key) => /:(frames|beats)$/.test(key))).toEqual([]);
        await admin.flushall();
      },
    };
  });
});
