import { Buffer } from 'node:buffer';
import { ProtocolError } from './errors.js';
import { checkHeader, isId } from './headers.js';
import { FrameKind, type FrameHeader } from './messages.js';
import { Reader } from './reader.js';
import type { ReferenceScope, WireReference } from './reference.js';

/** Nobody is known before the header was read: so it costs little to read one, whoever made it. */
const HEADER_BYTES = 8 * 1024;
/** That of `welcome` has the types of the server. */
export const WELCOME_BYTES = 1024 * 1024;

/** The MAC of a frame, and what it was made of. */
export interface Seal {
  readonly mac: Uint8Array;
  readonly body: Uint8Array;
}

const NOTHING = Buffer.alloc(0);
/** How a list of seven begins, and a string of less than 32 bytes. */
const DATA_FIELDS = 0x97;
const FIXSTR = 0xa0;

/**
 * Reads one frame after the other, message by message. Between two messages anything may be done, but no other frame be
 * opened with it. Where a reference cannot be resolved, `undefined` stands in its place, and `failure` has what `fromWire`
 * threw: the message itself says which call that concerns.
 *
 * @throws ProtocolError where the bytes are no frame; what was read before is sound then
 */
export class FrameReader extends Reader {
  private readonly messageBytes: number;
  private start = 0;
  /** The session of the last frame, where its id is a short string. */
  private lastId = '';
  private scope: ReferenceScope | undefined = undefined;
  /** Of this message: each grant of an object is resolved once. */
  private resolved: Map<string, unknown> | undefined = undefined;
  /** Bytes of the message that was read last. */
  size = 0;
  /** Why a reference in it could not be resolved. */
  failure: { readonly error: unknown } | undefined = undefined;

  constructor(limits: { depth: number; messageBytes: number }) {
    // The message itself is a level, which its sender does not count.
    super(NOTHING, 0, limits.depth + 1);
    this.messageBytes = limits.messageBytes;
  }

  /** Begins with a frame. */
  open(bytes: Uint8Array): FrameHeader {
    const macLength = bytes[0];
    if (macLength === undefined || bytes.length < macLength + 2) throw new ProtocolError('A frame without a body');
    const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const start = 1 + macLength;
    this.start = start;
    this.scope = undefined;
    this.reset(buffer, start);
    const short = this.dataHeader();
    if (short) return short;
    let header: unknown;
    try {
      header = this.readAtMost(buffer[start + 1] === FrameKind.welcome ? WELCOME_BYTES : HEADER_BYTES);
    } catch (error) {
      throw unreadable(error);
    }
    return checkHeader(header);
  }

  /**
   * The header that nearly every frame has, in a third of the time that a list of anything takes. Undefined where it is
   * another one, or is not sound: then it is read anew, and what is wrong is said.
   */
  private dataHeader(): FrameHeader | undefined {
    const { bytes, start } = this;
    if (bytes[start] !== DATA_FIELDS || bytes[start + 1] !== FrameKind.data) return undefined;
    this.position = start + 2;
    const session = this.sessionId();
    const seq = this.whole();
    const ack = this.whole();
    const calls = this.whole();
    const allowed = this.whole();
    const age = this.whole();
    if (session !== '' && seq >= 0 && ack >= 0 && calls >= 0 && allowed >= 0 && age >= 0) {
      return [FrameKind.data, session, seq, ack, calls, allowed, age];
    }
    this.position = start;
    return undefined;
  }

  /** '' where it is none. Frames of one session follow one another: its id is compared, and made and checked only once. */
  private sessionId(): string {
    const { bytes, position, lastId } = this;
    const length = lastId.length;
    if (bytes[position] === (FIXSTR | length)) {
      let i = 0;
      while (i < length && bytes[position + 1 + i] === lastId.charCodeAt(i)) i++;
      if (i === length) {
        this.position += 1 + length;
        return lastId;
      }
    }
    if (bytes[position]! >> 5 !== FIXSTR >> 5) return '';
    const id = this.read();
    if (typeof id !== 'string' || !isId(id)) return '';
    this.lastId = id;
    return id;
  }

  /** A number that may be in a header; -1 where it is none. */
  private whole(): number {
    const token = this.bytes[this.position];
    if (token === undefined || (token >= 0x80 && token !== 0xcc && token !== 0xcd && token !== 0xce)) return -1;
    return this.read() as number;
  }

  /** Lets the bytes go. */
  close(): void {
    this.reset(NOTHING, 0);
    this.scope = this.resolved = this.failure = undefined;
  }

  /** Undefined for a frame without a MAC. */
  get seal(): Seal | undefined {
    const { start } = this;
    return start === 1 ? undefined : { mac: this.bytes.subarray(1, start), body: this.bytes.subarray(start) };
  }

  /** The next message; undefined behind the last one. */
  next(scope: ReferenceScope): unknown[] | undefined {
    if (this.done) return undefined;
    this.scope = scope;
    this.resolved = this.failure = undefined;
    const start = this.offset;
    let message: unknown;
    try {
      message = this.read();
    } catch (error) {
      throw unreadable(error);
    }
    if (!Array.isArray(message) || typeof message[0] !== 'number') throw new ProtocolError('A message is not one');
    this.size = this.offset - start;
    if (this.size > this.messageBytes) {
      throw new ProtocolError(`A message of ${this.size} bytes, and at most ${this.messageBytes} are allowed`);
    }
    return message as unknown[];
  }

  protected override resolve(reference: WireReference): unknown {
    if (this.scope === undefined) throw new ProtocolError('A reference in a header');
    // By grant too: a second grant of the same object must be seen, or it could never be given back.
    const key = reference.ticket ?? `${reference.id}:${reference.grant}`;
    if (this.resolved?.has(key)) return this.resolved.get(key);
    let value: unknown;
    try {
      value = this.scope.fromWire(reference);
    } catch (error) {
      // The bytes are sound, and so are the messages behind this one.
      this.failure ??= { error };
    }
    (this.resolved ??= new Map()).set(key, value);
    return value;
  }
}

/** Whatever goes wrong while foreign bytes are read is their fault. */
function unreadable(error: unknown): ProtocolError {
  return error instanceof ProtocolError ? error : new ProtocolError('Bytes that could not be read', { cause: error });
}
