import { encodeFrame, MAC_ROOM, sealed } from './codec.js';
import { writeLight, writeUint32 } from './light.js';
import { FrameKind } from './messages.js';

/**
 * Bytes that bodies are written in, one behind the other. Who keeps one keeps this much, which no limit counts: a session
 * whose peer is silent has few of them before its lease is over.
 */
const SLAB = 64 * 1024;
/** Numbers of a header take five bytes each, whatever they are: then it is known where it begins. */
const NUMBER_BYTES = 5;
const MOST = 0xffffffff;

let slab = Buffer.allocUnsafeSlow(SLAB);
let free = 0;

/** Bytes of a message; or the message itself, where it is light. */
export interface Content {
  readonly content: Uint8Array | readonly unknown[];
}

/** The messages of a frame, back to back, with room before them for the rest of it. */
export interface FrameBody {
  readonly slab: Buffer;
  readonly start: number;
  readonly end: number;
  /** What is before it was written, and may still be read: the next frame of it is a copy. */
  framed: boolean;
}

/**
 * The data frames of one session on their way out. Header and messages are written to where they stay, since nearly every
 * frame is short, and leaves once: an encoder for each, and copies of what they made, took longer than the rest of it.
 */
export class DataFrames {
  readonly #session: string;
  readonly #mac: ((body: Uint8Array) => Uint8Array) | undefined;
  /** What all headers of it begin with: so many fields, the kind, the session. */
  readonly #begin: Buffer;
  readonly #room: number;

  constructor(session: string, mac: ((body: Uint8Array) => Uint8Array) | undefined) {
    this.#session = session;
    this.#mac = mac;
    const room = Buffer.allocUnsafe(session.length * 3 + 16);
    // Seven fields, of which the first two are the same in all.
    this.#begin = room.subarray(0, writeLight(room, 0, [FrameKind.data, session]));
    this.#begin[0] = 0x97;
    this.#room = this.#begin.length + 5 * NUMBER_BYTES + (mac ? MAC_ROOM : 1);
  }

  /** Writes messages that take `most` bytes at most. */
  body(contents: readonly Content[], most: number): FrameBody {
    const size = this.#room + most;
    if (size > slab.length - free) {
      // One that does not fit takes its own, and lets the others go on in theirs.
      if (size > SLAB / 2) return this.#write(contents, most, Buffer.allocUnsafeSlow(size), this.#room);
      slab = Buffer.allocUnsafeSlow(SLAB);
      free = 0;
    }
    const body = this.#write(contents, most, slab, free + this.#room);
    free = body.end;
    return body;
  }

  /** The frame, of which the body is a part. The bytes are good for as long as they are needed. */
  frame(body: FrameBody, seq: number, ack: number, calls: number, bytes: number, age: number): Uint8Array {
    if (body.framed || seq > MOST || ack > MOST || calls > MOST || bytes > MOST || age > MOST) {
      const messages = [body.slab.subarray(body.start, body.end)];
      return encodeFrame([FrameKind.data, this.#session, seq, ack, calls, bytes, age], messages, this.#mac);
    }
    body.framed = true;
    const { slab } = body;
    const begin = this.#begin;
    const start = body.start - begin.length - 5 * NUMBER_BYTES;
    slab.set(begin, start);
    let at = start + begin.length;
    at = writeNumber(slab, at, seq);
    at = writeNumber(slab, at, ack);
    at = writeNumber(slab, at, calls);
    at = writeNumber(slab, at, bytes);
    writeNumber(slab, at, age);
    if (this.#mac) return sealed(slab, start, body.end, this.#mac);
    slab[start - 1] = 0;
    return slab.subarray(start - 1, body.end);
  }

  #write(contents: readonly Content[], most: number, slab: Buffer, start: number): FrameBody {
    let end = start;
    for (let i = 0; i < contents.length; i++) {
      const { content } = contents[i]!;
      if (content instanceof Uint8Array) {
        slab.set(content, end);
        end += content.length;
      } else end = writeLight(slab, end, content);
    }
    // Where it takes more than was counted, bytes are missing from it.
    if (end - start > most) throw new RangeError(`Messages of ${end - start} bytes were counted as ${most}.`);
    return { slab, start, end, framed: false };
  }
}

function writeNumber(slab: Buffer, at: number, value: number): number {
  slab[at] = 0xce;
  return writeUint32(slab, at + 1, value);
}
