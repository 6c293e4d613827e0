import { ProtocolError } from './errors.js';
import { checkHeader } from './headers.js';
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

/**
 * A frame, read message by message: between two of them anything may be done, other frames be read included. Where a
 * reference cannot be resolved, `undefined` stands in its place, and `failure` has what `fromWire` threw: the message
 * itself says which call that concerns.
 *
 * @throws ProtocolError where the bytes are no frame; what was read before is sound then
 */
export class FrameReader extends Reader {
  readonly header: FrameHeader;
  readonly #start: number;
  readonly #messageBytes: number;
  #scope: ReferenceScope | undefined;
  /** Of this message: each grant of an object is resolved once. */
  #resolved: Map<string, unknown> | undefined;
  /** Bytes of the message that was read last. */
  size = 0;
  /** Why a reference in it could not be resolved. */
  failure: { readonly error: unknown } | undefined;

  constructor(bytes: Uint8Array, limits: { depth: number; messageBytes: number }) {
    const macLength = bytes[0];
    if (macLength === undefined || bytes.length < macLength + 2) throw new ProtocolError('A frame without a body');
    const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    // The message itself is a level, which its sender does not count.
    super(buffer, 1 + macLength, limits.depth + 1);
    this.#start = 1 + macLength;
    this.#messageBytes = limits.messageBytes;
    let header: unknown;
    try {
      header = this.readAtMost(buffer[this.#start + 1] === FrameKind.welcome ? WELCOME_BYTES : HEADER_BYTES);
    } catch (error) {
      throw unreadable(error);
    }
    this.header = checkHeader(header);
  }

  /** Undefined for a frame without a MAC. */
  get seal(): Seal | undefined {
    const start = this.#start;
    return start === 1 ? undefined : { mac: this.bytes.subarray(1, start), body: this.bytes.subarray(start) };
  }

  /** The next message; undefined behind the last one. */
  next(scope: ReferenceScope): unknown[] | undefined {
    if (this.done) return undefined;
    this.#scope = scope;
    this.#resolved = this.failure = undefined;
    const start = this.offset;
    let message: unknown;
    try {
      message = this.read();
    } catch (error) {
      throw unreadable(error);
    }
    if (!Array.isArray(message) || typeof message[0] !== 'number') throw new ProtocolError('A message is not one');
    this.size = this.offset - start;
    if (this.size > this.#messageBytes) {
      throw new ProtocolError(`A message of ${this.size} bytes, and at most ${this.#messageBytes} are allowed`);
    }
    return message as unknown[];
  }

  protected override resolve(reference: WireReference): unknown {
    if (this.#scope === undefined) throw new ProtocolError('A reference in a header');
    // By grant too: a second grant of the same object must be seen, or it could never be given back.
    const key = reference.ticket ?? `${reference.id}:${reference.grant}`;
    if (this.#resolved?.has(key)) return this.#resolved.get(key);
    let value: unknown;
    try {
      value = this.#scope.fromWire(reference);
    } catch (error) {
      // The bytes are sound, and so are the messages behind this one.
      this.failure ??= { error };
    }
    (this.#resolved ??= new Map()).set(key, value);
    return value;
  }
}

/** Whatever goes wrong while foreign bytes are read is their fault. */
function unreadable(error: unknown): ProtocolError {
  return error instanceof ProtocolError ? error : new ProtocolError('Bytes that could not be read', { cause: error });
}
