import type { Redis } from 'ioredis';
import { type Message, unpackFrame } from './frame.js';

const BLOCK = 5_000;
const COUNT = 100;
const TRIM_EVERY = 64;

/** Creates the stream that others write to, and starts to read it; resolves once they can write. */
export async function openInbox(
  { commands, reads }: { commands: Redis; reads: Redis },
  key: string,
  receive: (message: Message) => void,
): Promise<void> {
  let last: string | Buffer = (await commands.xadd(key, '*', 'f', ''))!;
  let sinceTrim = 0;
  const read = () => reads.xreadBuffer('COUNT', COUNT, 'BLOCK', BLOCK, 'STREAMS', key, last);

  async function follow(): Promise<void> {
    let next = read();
    for (;;) {
      const entries = (await next)?.[0]?.[1];
      const newest = entries?.at(-1);
      if (newest) last = newest[0];
      // Asked for before these entries are handled, so that Redis has the next ones ready.
      next = read();
      if (!entries) continue;
      for (const [, [, frame]] of entries) for (const message of unpackFrame(frame!)) receive(message);
      if ((sinceTrim += entries.length) < TRIM_EVERY) continue;
      sinceTrim = 0;
      void commands.xtrim(key, 'MINID', last);
    }
  }
  follow().catch((error: unknown) => {
    if (reads.status === 'ready') throw error;
  });
}
