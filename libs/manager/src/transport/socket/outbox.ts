import type { Socket } from 'node:net';

/** Bytes that messages are gathered in. */
const SLAB = 64 * 1024;
/** What is longer than this costs more to copy than to send as a piece of its own. */
export const LONG = 16 * 1024;
/** So much leaves before the turn that makes it is over, so that both ends work at once. */
const EARLY = 128 * 1024;
/** Length and kind of a message. */
export const HEAD = 5;

/** Messages on their way into a socket. Short ones are gathered in a slab, whose parts are never written twice. */
export class Outbox {
  /** Where the fields of the message that was just begun are to be written. */
  slab: Buffer = Buffer.allocUnsafeSlow(SLAB);
  readonly #socket: Socket;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #start = 0;
  #end = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Begins a message: gives back where in `slab` its `fields` bytes are to be written, at once. `body` comes behind them: a
   * short one is copied there, a long one must not change until the socket has taken it.
   */
  begin(kind: number, fields: number, body?: Uint8Array): number {
    const length = body === undefined ? 0 : body.length;
    const copied = length > LONG ? 0 : length;
    if (this.#end + HEAD + fields + copied > SLAB) this.#turnSlab(HEAD + fields + copied);
    const { slab } = this;
    const at = this.#end;
    const size = 1 + fields + length;
    slab[at] = size;
    slab[at + 1] = size >>> 8;
    slab[at + 2] = size >>> 16;
    slab[at + 3] = size >>> 24;
    slab[at + 4] = kind;
    this.#end = at + HEAD + fields + copied;
    this.#bytes += HEAD + fields + length;
    if (copied > 0) slab.set(body as Uint8Array, at + HEAD + fields);
    else if (length > 0) {
      this.#cut();
      this.#pieces.push(body as Uint8Array);
    }
    return at + HEAD;
  }

  get full(): boolean {
    return this.#bytes >= EARLY;
  }

  /** One write, of all that was gathered. */
  flush(): void {
    if (this.#bytes === 0) return;
    this.#bytes = 0;
    if (this.#pieces.length === 0) {
      const piece = this.slab.subarray(this.#start, this.#end);
      this.#start = this.#end;
      this.#socket.write(piece);
      return;
    }
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  #cut(): void {
    if (this.#end > this.#start) this.#pieces.push(this.slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #turnSlab(least: number): void {
    this.#cut();
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB, least));
    this.#start = this.#end = 0;
  }
}
