import { describeTransport } from '../conformance.suite.js';
import { MemoryMedium } from './memory-medium.js';

describeTransport('memory', async () => {
  const medium = new MemoryMedium();
  return {
    async connect() {
      const transport = medium.connect();
      await transport.open();
      return transport;
    },
    kill: (transport) => medium.kill(transport),
    close: () => Promise.resolve(),
  };
});
