import { randomBytes } from 'node:crypto';
import { describe } from '@jest/globals';
import { describeTransport } from '../conformance.suite.js';
import type { MemoryTransport } from '../memory/memory-transport.js';
import type { Transport } from '../transport.js';
import { certificate, certificateKey } from './certificate.suite.js';
import { defaultAddress } from './private-folder.js';
import { SocketHub } from './socket-hub.js';
import { SocketTransport } from './socket-transport.js';

const secret = randomBytes(32);
const keys = (): Promise<readonly Uint8Array[]> => Promise.resolve([secret]);

const ways = {
  'a Unix socket': async () => ({ hub: { listen: await defaultAddress() }, client: {} }),
  TCP: async () => ({ hub: { listen: 'tcp://127.0.0.1:0' }, client: {} }),
  TLS: async () => ({
    hub: { listen: 'tcp://localhost:0', tls: { cert: certificate, key: certificateKey } },
    client: { tls: { ca: certificate } },
  }),
  'TCP with keys': async () => ({ hub: { listen: 'tcp://[::1]:0', keys }, client: { keys } }),
};

describe.each(Object.entries(ways))('over %s', (name, make) => {
  /** Which of the transports of a test are in the hub's own process. */
  const places: Record<string, (index: number) => boolean> = {
    'both remote': () => false,
    'owner at the hub': (index) => index === 0,
    'sender at the hub': (index) => index === 1,
    'both at the hub': () => true,
  };
  describe.each(Object.entries(places))('%s', (place, isLocal) => {
    describeTransport(`socket: ${name}, ${place}`, async () => {
      const options = await make();
      const hub = new SocketHub(options.hub);
      await hub.open();
      let made = 0;
      return {
        async connect() {
          const transport: Transport = isLocal(made++)
            ? hub.connect()
            : new SocketTransport({ address: hub.address, ...options.client });
          await transport.open();
          // Under TLS nothing more leaves before the first words of a connection are away.
          await transport.claims.announced();
          return transport;
        },
        kill: (transport) => (transport as SocketTransport | MemoryTransport).abandon(),
        close: () => hub.close(),
      };
    });
  });
});
