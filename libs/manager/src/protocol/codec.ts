import { PayloadTooLargeError, ProtocolError } from './errors.js';
import { checkHeader } from './headers.js';
import { FrameKind, type FrameHeader } from './messages.js';
import { Reader } from './reader.js';
import type { ReferenceScope } from './reference.js';
import { Resolver } from './resolver.js';
import { isStackOverflow } from './values.js';
import { write } from './writer.js';

/**
 * Packs one message, whose values have been through `prepareValue` (or `encodeError`). The bytes are the caller's to keep.
 *
 * @throws PayloadTooLargeError where it has more bytes than it may
 */
export function encodeMessage(message: readonly unknown[], limits: { messageBytes: number }): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = write(message);
  } catch (error) {
    if (isStackOverflow(error)) throw new PayloadTooLargeError('A message is nested too deep');
    throw error;
  }
  if (bytes.length > limits.messageBytes) {
    throw new PayloadTooLargeError(
      `A message has ${bytes.length} bytes, and at most ${limits.messageBytes} are allowed`,
    );
  }
  return bytes;
}

/** A frame: length of the MAC (one byte, 0 for none), the MAC, then what it covers: header and messages, back to back. */
export function encodeFrame(
  header: FrameHeader,
  messages: readonly Uint8Array[],
  mac?: (body: Uint8Array) => Uint8Array,
): Uint8Array {
  const head = write(header);
  let size = head.length;
  for (let i = 0; i < messages.length; i++) size += messages[i]!.length;
  if (mac === undefined) {
    const frame = Buffer.allocUnsafeSlow(size + 1);
    frame[0] = 0;
    fill(frame, 1, head, messages);
    return frame;
  }
  // Room for the longest: how long a MAC is, is known only after it was made.
  const room = Buffer.allocUnsafeSlow(256 + size);
  fill(room, 256, head, messages);
  const code = mac(room.subarray(256));
  if (code.length > 255) throw new RangeError('A MAC has at most 255 bytes');
  const start = 255 - code.length;
  room[start] = code.length;
  room.set(code, start + 1);
  return room.subarray(start);
}

function fill(frame: Buffer, start: number, head: Uint8Array, messages: readonly Uint8Array[]): void {
  frame.set(head, start);
  let position = start + head.length;
  for (let i = 0; i < messages.length; i++) {
    frame.set(messages[i]!, position);
    position += messages[i]!.length;
  }
}

/** Nobody is known before the header was read: so it costs little to read one, whoever made it. */
const HEADER_BYTES = 8 * 1024;
/** That of `welcome` has the types of the server. */
export const WELCOME_BYTES = 1024 * 1024;

function headerBytes(frame: Buffer, start: number): number {
  return frame[start + 1] === FrameKind.welcome ? WELCOME_BYTES : HEADER_BYTES;
}

/** The MAC of a frame, and what it was made of. */
export interface Seal {
  readonly mac: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Decodes a frame message by message.
 *
 * `open` sees the header, and the seal where there is one, before anything else is read; `null` ends it there. `each` is
 * called with a message and its size in bytes, when it is complete and before the next one is begun: so it may do anything,
 * decoding other frames included, and what it throws comes through. Where a reference could not be resolved, `undefined`
 * stands in its place, and `failure` has what `fromWire` threw: the message itself says which call that concerns.
 *
 * @throws ProtocolError where the bytes are no frame; the messages before them have been handed over then
 */
export function decodeFrame(
  bytes: Uint8Array,
  open: (header: FrameHeader, seal?: Seal) => ReferenceScope | null,
  each: (message: unknown[], size: number, failure?: { readonly error: unknown }) => void,
  limits: { depth: number; messageBytes: number },
): void {
  const macLength = bytes[0];
  if (macLength === undefined || bytes.length < macLength + 2) throw new ProtocolError('A frame without a body');
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const resolver = new Resolver();
  // The message itself is a level, which its sender does not count.
  const reader = new Reader(buffer, 1 + macLength, limits.depth + 1, (reference) => resolver.resolve(reference));
  const header = checkHeader(guard(() => reader.readAtMost(headerBytes(buffer, 1 + macLength))));
  const seal =
    macLength === 0 ? undefined : { mac: bytes.subarray(1, 1 + macLength), body: bytes.subarray(1 + macLength) };
  const scope = open(header, seal);
  if (scope === null) return;
  resolver.scope = scope;
  while (!reader.done) {
    const start = reader.offset;
    const message = guard(() => reader.read());
    if (!Array.isArray(message) || typeof message[0] !== 'number') throw new ProtocolError('A message is not one');
    const size = reader.offset - start;
    if (size > limits.messageBytes) {
      throw new ProtocolError(`A message of ${size} bytes, and at most ${limits.messageBytes} are allowed`);
    }
    each(message as unknown[], size, resolver.next());
  }
}

/** Whatever goes wrong while foreign bytes are read is their fault. */
function guard(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError('Bytes that could not be read', { cause: error });
  }
}
