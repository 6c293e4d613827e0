import type { Transport } from '../../../../libs/manager/dist/transport/index.js';

/** How many of the last beats are kept. */
const BEATS = 16;

/** A frame as it was written, and whose inbox it was for. */
export interface Written {
  owner: string;
  bytes: Uint8Array;
}

/** What stands between a process and its transport, of whatever kind. */
export class Tap {
  /** Everything is sent, and what comes is heard by nobody. */
  deaf = false;
  /** The last beats that were sent. */
  readonly beats: Written[] = [];

  on<T extends Transport>(transport: T): T {
    const openInbox = transport.openInbox.bind(transport);
    const write = transport.write.bind(transport);
    transport.openInbox = (owner, options, reader) =>
      openInbox(owner, options, {
        deliver: (lane, deliveries) => {
          if (!this.deaf) reader.deliver(lane, deliveries);
        },
        drained: (asOf) => reader.drained(asOf),
        beatsDrained: (asOf) => reader.beatsDrained?.(asOf),
        restarted: () => reader.restarted(),
        perished: () => reader.perished?.(),
      });
    transport.write = (owner, lane, bytes) => {
      if (lane === 'beats') {
        // Whoever wrote them may use the bytes again.
        this.beats.push({ owner, bytes: Uint8Array.from(bytes) });
        if (this.beats.length > BEATS) this.beats.shift();
      }
      return write(owner, lane, bytes);
    };
    return transport;
  }
}
