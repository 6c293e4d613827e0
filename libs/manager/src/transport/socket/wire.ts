import type { Socket } from 'node:net';
import { ProtocolError } from '../../protocol/errors.js';
import type { Intake } from './intake.js';
import { HEAD, Outbox } from './outbox.js';
import type { Gatherer, Turn } from './turn.js';

/** What becomes of what a wire brings. */
export interface WireHandler {
  /** One message: its kind, and where its fields lie. They are never written again: who needs them may keep a view. */
  message(kind: number, bytes: Buffer, start: number, end: number): void;
  /** All that one read brought, so many bytes, was handed over. */
  read?(bytes: number): void;
}

const LENGTH = 4;
/** Bytes that wait to be taken by the other end. One that lets more gather does not read. */
const MOST_WAITING = 96 * 1024 * 1024;

const NOBODY: WireHandler = {
  message: () => {
    throw new ProtocolError('Nobody listens to this connection.');
  },
};

/** Messages over a socket: a length, a kind, fields. Whatever cannot be one closes it. */
export class Wire implements Gatherer {
  readonly socket: Socket;
  /** Whether it leaves before others in the same turn. */
  urgent = false;
  handler: WireHandler = NOBODY;
  /** Bytes of the longest message that is taken. */
  longest: number;
  /** Bytes that were read so far. */
  bytesRead = 0;
  readonly #turn: Turn;
  readonly #outbox: Outbox;
  #onClosed: ((error: Error | undefined) => void) | undefined;
  #gathering = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;
  /** Pieces of a message that is not complete. */
  #pieces: Buffer[] = [];
  #held = 0;

  constructor(
    socket: Socket,
    turn: Turn,
    options: { longest: number; closed: (error: Error | undefined) => void; intake?: Intake },
  ) {
    this.socket = socket;
    this.longest = options.longest;
    this.#turn = turn;
    this.#outbox = new Outbox(socket);
    this.#onClosed = options.closed;
    socket.setNoDelay?.(true);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', () => this.#end());
    const read = (chunk: Buffer): void => this.#read(chunk);
    if (options.intake) options.intake.start(read);
    else socket.on('data', read);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Begins a message; its fields are to be written into `slab` from there, at once. A `body` longer than `LONG` must not
   * change until it was taken.
   */
  begin(kind: number, fields: number, body?: Uint8Array): number {
    // Not after it was begun: its fields are not there yet.
    if (this.#outbox.full) this.flush();
    if (!this.#gathering) {
      this.#gathering = true;
      this.#turn.add(this);
    }
    return this.#outbox.begin(kind, fields, body);
  }

  get slab(): Buffer {
    return this.#outbox.slab;
  }

  flush(): void {
    this.#gathering = false;
    if (this.#closed || this.#ended) return;
    this.#outbox.flush();
    if (this.socket.writableLength > MOST_WAITING) this.destroy(new ProtocolError('The other end does not read.'));
  }

  /** Sends what is there and closes. */
  end(): void {
    this.flush();
    if (this.#ended) return;
    this.#ended = true;
    this.socket.end();
  }

  /** Closes at once, and hands over nothing more. */
  destroy(error?: Error): void {
    this.#error ??= error;
    this.socket.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pieces = [];
    this.#onClosed?.(this.#error);
  }

  #read(chunk: Buffer): void {
    this.#turn.begin();
    try {
      this.#take(chunk);
    } finally {
      this.#turn.end();
    }
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    this.bytesRead += chunk.length;
    try {
      this.#split(chunk, this.#held > 0 ? this.#complete(chunk) : 0);
    } catch (error) {
      this.destroy(
        error instanceof ProtocolError ? error : new ProtocolError('A message cannot be read.', { cause: error }),
      );
      return;
    }
    if (!this.#closed) this.handler.read?.(chunk.length);
  }

  /** Hands over the message that earlier reads began, if this one ends it; says where the next one starts. */
  #complete(chunk: Buffer): number {
    if (this.#held < LENGTH) {
      // Its length itself came in two pieces.
      const missing = Math.min(LENGTH - this.#held, chunk.length);
      this.#hold(Buffer.concat([...this.#pieces.splice(0), chunk.subarray(0, missing)]), true);
      if (this.#held < LENGTH) return missing;
      return this.#fill(chunk, missing);
    }
    return this.#fill(chunk, 0);
  }

  #fill(chunk: Buffer, from: number): number {
    const missing = LENGTH + this.#size(this.#pieces[0] as Buffer, 0) - this.#held;
    const part = chunk.subarray(from, from + missing);
    this.#pieces.push(part);
    this.#held += part.length;
    if (part.length < missing) return chunk.length;
    const whole = Buffer.concat(this.#pieces, this.#held);
    this.#pieces = [];
    this.#held = 0;
    this.handler.message(whole[LENGTH] as number, whole, HEAD, whole.length);
    return from + missing;
  }

  #split(chunk: Buffer, from: number): void {
    let at = from;
    while (!this.#closed && chunk.length - at >= LENGTH) {
      const next = at + LENGTH + this.#size(chunk, at);
      if (next > chunk.length) break;
      this.handler.message(chunk[at + LENGTH] as number, chunk, at + HEAD, next);
      at = next;
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at), false);
  }

  #hold(piece: Buffer, anew: boolean): void {
    this.#pieces.push(piece);
    this.#held = anew ? piece.length : this.#held + piece.length;
  }

  #size(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32LE(at);
    if (size < 1 || size > this.longest)
      throw new ProtocolError(`A message of ${size} bytes is none that may be sent.`);
    return size;
  }
}
