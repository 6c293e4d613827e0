import { RedisTransport } from '../../../../libs/manager/dist/transport/index.js';

type OpenInbox = Parameters<RedisTransport['openInbox']>;

/** A way to Redis on which everything is sent, and what comes is heard by nobody for as long as it is deaf. */
export class DeafTransport extends RedisTransport {
  deaf = false;

  override openInbox(...[owner, options, reader]: OpenInbox): ReturnType<RedisTransport['openInbox']> {
    return super.openInbox(owner, options, {
      deliver: (lane, deliveries) => {
        if (!this.deaf) reader.deliver(lane, deliveries);
      },
      drained: (asOf) => reader.drained(asOf),
      beatsDrained: (asOf) => reader.beatsDrained?.(asOf),
      restarted: () => reader.restarted(),
    });
  }
}
