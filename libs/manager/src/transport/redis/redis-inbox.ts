import { MediumError } from '../medium-error.js';
import type { MediumClock } from '../medium-clock.js';
import type { Inbox, InboxReader, Lane } from '../transport.js';
import { RedisConnection } from './redis-connection.js';
import type { RedisClient, RedisFactory } from './redis-options.js';
import { idAfter, parseRead, type LaneRead } from './redis-reply.js';
import { KEEP_INBOX } from './redis-scripts.js';

const LONGEST_BLOCK = 1000;
/** Entries of one read, and about how many bytes it may bring. */
const MOST_ENTRIES = 512;
const MOST_BYTES = 4 * 1024 * 1024;
/** What was read is trimmed when it is this much, or when nothing comes any more. */
const TRIM_ENTRIES = 512;
const TRIM_BYTES = 1024 * 1024;

export interface RedisInboxOptions {
  keys: Record<Lane, string>;
  ttl: number;
  patience: number;
  connect: RedisFactory;
  control: RedisConnection;
  clock: MediumClock;
  reader: InboxReader;
  /** The reader's connection is there, or gone. */
  changed: () => void;
  removed: (inbox: RedisInbox) => void;
}

interface Position {
  id: string;
  /** Read since the last trimming. */
  entries: number;
  bytes: number;
}

/** The two streams of one owner and the connection that reads them. */
export class RedisInbox implements Inbox {
  readonly #options: RedisInboxOptions;
  readonly #block: number;
  readonly connection: RedisConnection;
  readonly opened: Promise<void>;
  #positions = start();
  #count = 64;
  #renewal: NodeJS.Timeout | undefined;
  #settle!: { resolve: () => void; reject: (error: Error) => void };
  #connections = 0;
  #closing: Promise<void> | null = null;

  constructor(options: RedisInboxOptions) {
    this.#options = options;
    this.#block = Math.max(50, Math.min(LONGEST_BLOCK, Math.floor(options.ttl / 4)));
    this.opened = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.opened.catch(() => undefined);
    this.connection = new RedisConnection('reader', this.#block + options.patience, {
      connect: options.connect,
      prepare: (client) => this.#keep(client),
      changed: () => this.#changed(),
      fatal: (error) => this.#settle.reject(error),
    });
    this.connection.start();
  }

  reread(): void {
    this.#positions = start();
    // The blocking read ends sooner if there is something to read.
    void this.#options.control
      .send((client) => client.xadd(this.#options.keys.beats, 'NOMKSTREAM', '*', 'w', ''))
      .catch(() => undefined);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    clearInterval(this.#renewal);
    this.#settle.reject(new MediumError('the inbox was closed'));
    await this.connection.close(0);
    const { frames, beats } = this.#options.keys;
    // Best effort: what stays has a time to live.
    await this.#options.control.send((client) => client.del(frames, beats)).catch(() => undefined);
    this.#options.removed(this);
  }

  #changed(): void {
    this.#options.changed();
    const client = this.connection.line?.client;
    if (!client || this.#closing) return;
    this.#connections += 1;
    this.#positions = start();
    if (this.#connections === 1) {
      this.#renewal = setInterval(() => void this.#renew(), this.#options.ttl / 4);
      this.#settle.resolve();
    } else {
      this.#options.reader.restarted();
    }
    void this.#read(client);
  }

  /** Renews on the control connection: the reader's own is blocked most of the time. */
  async #renew(): Promise<void> {
    try {
      const made = await this.#options.control.send((client) => this.#keep(client));
      if (made === 0 || this.#closing) return;
      this.#positions = start();
      this.#options.reader.restarted();
    } catch {
      // Not connected, or an error that the next renewal may not meet; a new reader renews by itself.
    }
  }

  async #keep(client: RedisClient): Promise<number> {
    const { keys, ttl, clock } = this.#options;
    const reply = await KEEP_INBOX.run(client, [keys.frames, keys.beats], [Math.ceil(ttl)]);
    const [made, seconds, micros] = reply as [number, string, string];
    clock.hear(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000));
    return Number(made);
  }

  /** Reads until `client` is no longer the one in use. */
  async #read(client: RedisClient): Promise<void> {
    let block = true;
    while (this.connection.line?.client === client && !this.#closing) {
      const asOf = performance.now();
      const positions = this.#positions;
      const count = this.#count;
      try {
        const reads = parseRead(await this.#next(positions, count, block));
        if (this.connection.line?.client !== client || this.#closing) return;
        if (positions !== this.#positions) continue;
        const full = reads.some((read) => read.entries >= count);
        for (const read of reads) this.#deliver(read);
        if (!full) this.#options.reader.drained(asOf);
        this.#trim(client, reads.length === 0);
        // After a full read more is there at once, or the end is.
        block = !full;
      } catch (error) {
        if (this.connection.line?.client === client) this.connection.fail(error as Error);
        return;
      }
    }
  }

  #next(positions: Record<Lane, Position>, count: number, block: boolean): Promise<unknown> {
    const { beats, frames } = this.#options.keys;
    const streams = ['STREAMS', beats, frames, positions.beats.id, positions.frames.id] as const;
    return this.connection.send((live): Promise<unknown> =>
      block
        ? live.xreadBuffer('COUNT', count, 'BLOCK', this.#block, ...streams)
        : live.xreadBuffer('COUNT', count, ...streams),
    );
  }

  #deliver(read: LaneRead): void {
    const position = this.#positions[read.lane];
    position.id = read.id;
    position.entries += read.entries;
    position.bytes += read.bytes;
    if (read.deliveries.length === 0) return;
    for (const { at } of read.deliveries) this.#options.clock.hear(at);
    if (read.lane === 'frames') {
      // The next read brings about as much, if its frames are about as large.
      const fitting = Math.floor(MOST_BYTES / (read.bytes / read.deliveries.length + 1));
      this.#count = Math.max(1, Math.min(MOST_ENTRIES, fitting));
    }
    this.#options.reader.deliver(read.lane, read.deliveries);
  }

  #trim(client: RedisClient, quiet: boolean): void {
    for (const lane of ['beats', 'frames'] as const) {
      const position = this.#positions[lane];
      const due = quiet ? position.entries > 0 : position.entries >= TRIM_ENTRIES || position.bytes >= TRIM_BYTES;
      if (!due) continue;
      position.entries = position.bytes = 0;
      void this.connection
        .send(() => client.xtrim(this.#options.keys[lane], 'MINID', idAfter(position.id)))
        .catch(() => undefined);
    }
  }
}

function start(): Record<Lane, Position> {
  return { beats: { id: '0-0', entries: 0, bytes: 0 }, frames: { id: '0-0', entries: 0, bytes: 0 } };
}
