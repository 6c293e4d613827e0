import { MediumError } from '../medium-error.js';
import type { MediumClock } from '../medium-clock.js';
import type { Inbox, InboxReader, Lane } from '../transport.js';
import { RedisConnection } from './redis-connection.js';
import type { RedisLine } from './redis-line.js';
import type { RedisClient, RedisFactory } from './redis-options.js';
import { idAfter, parseRead, stampOf, type LaneRead } from './redis-reply.js';
import { KEEP_INBOX } from './redis-scripts.js';

/** A server may end a session only after a read that found nothing more: so often it hears of one. */
const LONGEST_BLOCK = 250;
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
  /** How long `close` waits for the inbox to be removed, in ms. */
  linger: number;
  connect: RedisFactory;
  control: RedisConnection;
  clock: MediumClock;
  reader: InboxReader;
  /** A read was handed over: what was written in answer can go out before the next read is asked for. */
  delivered: () => void;
  /** The reader's connection is there, or gone. */
  changed: () => void;
  removed: (inbox: RedisInbox) => void;
}

/** Before the first entry. */
const START = '0-0';

interface Position {
  id: string;
  /** Read since the last trimming. */
  entries: number;
  bytes: number;
}

type Positions = Record<Lane, Position>;

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
    // What is asked for again is on its way: asked for more often than a read takes, none would ever be taken.
    if (isStart(this.#positions)) return;
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
    const removed = this.#options.control.send((client) => client.del(frames, beats)).catch(() => undefined);
    await Promise.race([removed, this.#options.control.line?.idle(this.#options.linger)]);
    this.#options.removed(this);
  }

  #changed(): void {
    this.#options.changed();
    const { line } = this.connection;
    if (!line || this.#closing) return;
    this.#connections += 1;
    this.#positions = start();
    if (this.#connections === 1) {
      this.#renewal = setInterval(() => void this.#renew(), this.#options.ttl / 4);
      this.#settle.resolve();
    } else {
      this.#tell((reader) => reader.restarted());
    }
    void this.#read(line);
  }

  /** Renews on the control connection: the reader's own is blocked most of the time. */
  async #renew(): Promise<void> {
    try {
      const made = await this.#options.control.send((client) => this.#keep(client));
      if (made === 0 || this.#closing) return;
      this.#positions = start();
      this.#tell((reader) => reader.restarted());
    } catch {
      // Not connected, or an error that the next renewal may not meet; a new reader renews by itself.
    }
  }

  /**
   * Somebody wrote an entry with an id of the future. All that follow get later ones, none at all after the last id that
   * there is; so the stream begins anew. What is lost with it is missed at the next beats, and sent again.
   */
  async #remake(lane: Lane): Promise<void> {
    try {
      await this.#options.control.send((client) => client.del(this.#options.keys[lane]));
    } catch {
      // Not connected: what is read again when it is says so again.
    }
    await this.#renew();
  }

  async #keep(client: RedisClient): Promise<number> {
    const { keys, ttl, clock } = this.#options;
    const reply = await KEEP_INBOX.run(client, [keys.frames, keys.beats], [Math.ceil(ttl)]);
    const [made, seconds, micros] = reply as [number, string, string];
    clock.hear(Number(seconds) * 1000 + Math.floor(Number(micros) / 1000));
    return Number(made);
  }

  /** Reads until `line` is no longer the one in use. */
  async #read(line: RedisLine): Promise<void> {
    let block = true;
    while (this.#reads(line)) {
      const asOf = performance.now();
      const positions = this.#positions;
      const count = this.#count;
      let reads: LaneRead[];
      line.sent();
      try {
        reads = parseRead(await this.#next(line.client, positions, count, block));
      } catch (error) {
        if (this.#reads(line)) this.connection.fail(error as Error);
        return;
      } finally {
        line.settled();
      }
      if (!this.#reads(line)) return;
      if (positions !== this.#positions) continue;
      const full = reads.some((read) => read.entries >= count);
      for (const read of reads) this.#take(read);
      if (!full) this.#tell((reader) => reader.drained(asOf));
      else if (!reads.some(({ lane, entries }) => lane === 'beats' && entries >= count)) {
        this.#tell((reader) => reader.beatsDrained?.(asOf));
      }
      this.#options.delivered();
      // What this turn still writes in answer goes to Redis before the next read is asked for: a write to the socket takes
      // longer than all else in the way of a call.
      if (reads.length > 0) await turnEnd();
      if (!this.#reads(line)) return;
      this.#trim(reads.length === 0);
      // After a full read more is there at once, or the end is.
      block = !full;
    }
  }

  #reads(line: RedisLine): boolean {
    return this.connection.line === line && !this.#closing;
  }

  #next(client: RedisClient, positions: Positions, count: number, block: boolean): Promise<unknown> {
    const { keys } = this.#options;
    const { beats, frames } = positions;
    return block
      ? client.xreadBuffer(
          'COUNT',
          count,
          'BLOCK',
          this.#block,
          'STREAMS',
          keys.beats,
          keys.frames,
          beats.id,
          frames.id,
        )
      : client.xreadBuffer('COUNT', count, 'STREAMS', keys.beats, keys.frames, beats.id, frames.id);
  }

  #take(read: LaneRead): void {
    const position = this.#positions[read.lane];
    position.id = read.id;
    position.entries += read.entries;
    position.bytes += read.bytes;
    if (this.#options.clock.isAhead(stampOf(read.id))) void this.#remake(read.lane);
    const last = read.deliveries.at(-1);
    if (!last) return;
    this.#options.clock.hearEntry(last.at);
    if (read.lane === 'frames') {
      // The next read brings about as much, if its frames are about as large.
      const fitting = Math.floor(MOST_BYTES / (read.bytes / read.deliveries.length + 1));
      this.#count = Math.max(1, Math.min(MOST_ENTRIES, fitting));
    }
    this.#tell((reader) => reader.deliver(read.lane, read.deliveries));
  }

  /** A reader that throws is broken: that is said where it is heard, and does not count as trouble with Redis. */
  #tell(call: (reader: InboxReader) => void): void {
    if (this.#closing) return;
    try {
      call(this.#options.reader);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #trim(quiet: boolean): void {
    const { keys } = this.#options;
    for (const lane of ['beats', 'frames'] as const) {
      const position = this.#positions[lane];
      const due = quiet ? position.entries > 0 : position.entries >= TRIM_ENTRIES || position.bytes >= TRIM_BYTES;
      if (!due) continue;
      position.entries = position.bytes = 0;
      const trimmed = this.connection.send((client) => client.xtrim(keys[lane], 'MINID', idAfter(position.id)));
      trimmed.catch(() => undefined);
    }
  }
}

function start(): Positions {
  return { beats: { id: START, entries: 0, bytes: 0 }, frames: { id: START, entries: 0, bytes: 0 } };
}

function isStart({ beats, frames }: Positions): boolean {
  return beats.id === START && frames.id === START;
}

function turnEnd(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
