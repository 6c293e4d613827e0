// The floor: what a batched echo over two Redis streams costs, with nothing on top of it.
import { Redis } from 'ioredis';
import { openInbox } from '../echo/inbox.js';
import { Outbox } from '../echo/outbox.js';
import type { BenchContext, System } from '../system.js';

function connections({ redisUrl }: BenchContext) {
  const commands = new Redis(redisUrl);
  // A blocking read would hold up every command behind it, so it has a connection of its own.
  const reads = new Redis(redisUrl);
  return {
    commands,
    reads,
    async close(inbox: string) {
      reads.disconnect();
      await commands.del(inbox);
      await commands.quit();
    },
  };
}

const serverInbox = ({ namespace }: BenchContext) => `${namespace}:echo:server`;
const clientInbox = ({ namespace }: BenchContext) => `${namespace}:echo:client`;

export default {
  async serve(context) {
    const { commands, reads, close } = connections(context);
    const outbox = new Outbox(commands, clientInbox(context));
    await openInbox({ commands, reads }, serverInbox(context), (message) => outbox.send(message));
    return { stop: () => close(serverInbox(context)) };
  },

  async connect(context) {
    const { commands, reads, close } = connections(context);
    const outbox = new Outbox(commands, serverInbox(context));
    const pending = new Map<number, (value: unknown) => void>();
    let lastId = 0;
    await openInbox({ commands, reads }, clientInbox(context), ([id, value]) => {
      const settle = pending.get(id)!;
      pending.delete(id);
      settle(value);
    });
    return {
      call: (by) =>
        new Promise((resolve) => {
          const id = ++lastId;
          pending.set(id, resolve);
          outbox.send([id, by]);
        }),
      close: () => close(clientInbox(context)),
    };
  },
} satisfies System;
