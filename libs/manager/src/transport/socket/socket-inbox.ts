import { MediumError } from '../medium-error.js';
import type { Delivery, Inbox, InboxReader, Lane } from '../transport.js';
import { Kind } from './messages.js';
import type { Wire } from './wire.js';

/** What was read is said to the hub, which keeps it until then, when it is this much. */
const READ_ITEMS = 64;
const READ_BYTES = 256 * 1024;

export interface SocketInboxOptions {
  owner: string;
  index: number;
  ttl: number;
  reader: InboxReader;
  /** Where a lane is read now; null while there is no connection. */
  wire: (lane: Lane) => Wire | null;
  /** Has the hub remove it. */
  remove: (inbox: SocketInbox) => Promise<void>;
}

interface Position {
  /** The hub's number of the inbox that was read; 0 before it was told. */
  number: number;
  /** Items read of it, and of those the ones that the hub was told of. */
  read: number;
  told: number;
  bytes: number;
  /** Whether the hub has said from where it sends, on this connection. */
  attached: boolean;
  /** It was asked to send again what it still has. */
  rereading: boolean;
}

/** An inbox that a hub keeps, as its owner reads it. */
export class SocketInbox implements Inbox {
  readonly index: number;
  readonly owner: string;
  /** Resolves when others can write to it. */
  readonly opened: Promise<void>;
  readonly #options: SocketInboxOptions;
  #frames = start();
  #beats = start();
  #batch: Delivery[] = [];
  #open = false;
  #closing: Promise<void> | undefined;
  #settle!: { resolve: () => void; reject: (error: Error) => void };

  constructor(options: SocketInboxOptions) {
    this.#options = options;
    this.index = options.index;
    this.owner = options.owner;
    this.opened = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.opened.catch(() => undefined);
  }

  /** Asks the hub for what was not read of `lane`: on each new connection. */
  attach(lane: Lane, wire: Wire): void {
    const position = this.#position(lane);
    position.attached = position.rereading = false;
    this.#ask(wire, position);
  }

  /** The hub has it, and goes on behind the first `from` items. */
  attached(lane: Lane, number: number, from: number): void {
    const position = this.#position(lane);
    const again = !position.rereading && position.number !== 0;
    Object.assign(position, { number, read: from, told: from, bytes: 0, attached: true, rereading: false });
    if (again) this.#tell((reader) => reader.restarted());
    if (this.#open || !this.#frames.attached || !this.#beats.attached) return;
    this.#open = true;
    this.#settle.resolve();
  }

  refused(text: string): void {
    this.#settle.reject(new MediumError(text));
  }

  take(lane: Lane, bytes: Uint8Array, at: number): void {
    const position = this.#position(lane);
    position.read++;
    position.bytes += bytes.length;
    if (this.#batch.length === 0) this.#batch = [{ bytes, at }];
    else this.#batch.push({ bytes, at });
  }

  /** One read of `lane` was taken: hands it over. */
  wasRead(lane: Lane): void {
    const deliveries = this.#batch;
    if (deliveries.length === 0) return;
    this.#batch = [];
    if (this.#closing) return;
    try {
      this.#options.reader.deliver(lane, deliveries);
    } catch (error) {
      uncaught(error);
    }
    const position = this.#position(lane);
    if (position.read - position.told >= READ_ITEMS || position.bytes >= READ_BYTES) this.confirm(lane);
  }

  /** Tells the hub what was read. */
  confirm(lane: Lane): void {
    const position = this.#position(lane);
    const wire = this.#options.wire(lane);
    if (!wire || !position.attached || position.read === position.told) return;
    const at = wire.begin(Kind.read, 12);
    wire.slab.writeUInt32LE(this.index, at);
    wire.slab.writeDoubleLE(position.read, at + 4);
    position.told = position.read;
    position.bytes = 0;
  }

  drained(asOf: number): void {
    this.#tell((reader) => reader.drained(asOf));
  }

  reread(): void {
    for (const lane of ['beats', 'frames'] as const) {
      const wire = this.#options.wire(lane);
      const position = this.#position(lane);
      // What is asked for again is on its way: asked for more often than an answer takes, it would come as often.
      if (!wire || !position.attached || position.rereading) continue;
      position.rereading = true;
      this.#ask(wire, { ...position, read: position.told });
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** The hub is gone: the next one has to make the inbox anew, and numbers what is in it from the start. */
  perished(): void {
    this.#frames = start();
    this.#beats = start();
    this.#tell((reader) => reader.perished?.());
  }

  /** Hands over nothing more. */
  abandon(): void {
    this.#closing ??= Promise.resolve();
  }

  async #close(): Promise<void> {
    this.#settle.reject(new MediumError('the inbox was closed'));
    await this.#options.remove(this);
  }

  #position(lane: Lane): Position {
    return lane === 'beats' ? this.#beats : this.#frames;
  }

  #ask(wire: Wire, { number, read }: Position): void {
    const at = wire.begin(Kind.attach, 28, Buffer.from(this.owner));
    const { slab } = wire;
    slab.writeUInt32LE(this.index, at);
    slab.writeDoubleLE(this.#options.ttl, at + 4);
    slab.writeDoubleLE(number, at + 12);
    slab.writeDoubleLE(read, at + 20);
  }

  /** A reader that throws is broken: that is said where it is heard, and does not count as trouble with the hub. */
  #tell(call: (reader: InboxReader) => void): void {
    if (this.#closing) return;
    try {
      call(this.#options.reader);
    } catch (error) {
      uncaught(error);
    }
  }
}

function uncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

function start(): Position {
  return { number: 0, read: 0, told: 0, bytes: 0, attached: false, rereading: false };
}
