import { Packr, addExtension } from 'msgpackr/pack';
import { PayloadTooLargeError, ProtocolError } from './errors.js';
import { Extension } from './extensions.js';
import { checkHeader } from './headers.js';
import type { FrameHeader } from './messages.js';
import { Reader } from './reader.js';
import type { ReferenceScope, WireReference } from './reference.js';
import { isStackOverflow } from './values.js';

/** What msgpackr writes is read by `reader.ts`, so nothing is registered for reading: that table is not ours alone. */
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false, moreTypes: false });

type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

addExtension({
  Class: Extension,
  // msgpackr wants one, and would claim a number for all its users; a property no number has is as good.
  type: 'nestjs-manager' as unknown as number,
  pack: writeExtension,
} as unknown as Parameters<typeof addExtension>[0]);

function writeExtension({ type, bytes, content }: Extension, allocate: Allocate, pack: (value: unknown) => void): void {
  if (bytes === undefined) {
    const { target, position } = allocate(3);
    target[position] = 0xd4;
    target[position + 1] = type;
    target[position + 2] = 0;
    pack(content);
    return;
  }
  const head = type === Extension.BIN ? binHead(bytes.length) : extensionHead(bytes.length, type);
  const { target, position } = allocate(head.length + bytes.length);
  target.set(head, position);
  target.set(bytes, position + head.length);
}

function binHead(length: number): number[] {
  if (length < 0x100) return [0xc4, length];
  if (length < 0x10000) return [0xc5, length >> 8, length & 0xff];
  return [0xc6, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
}

function extensionHead(length: number, type: number): number[] {
  const fixed = [1, 2, 4, 8, 16].indexOf(length);
  if (fixed >= 0) return [0xd4 + fixed, type];
  if (length < 0x100) return [0xc7, length, type];
  if (length < 0x10000) return [0xc8, length >> 8, length & 0xff, type];
  return [0xc9, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff, type];
}

/** Where msgpackr writes, one message after the other. A message that is kept keeps this much. */
const SLAB = 32 * 1024;

/**
 * Packs one message, whose values have been through `prepareValue` (or `encodeError`). The bytes are the caller's to keep.
 *
 * @throws PayloadTooLargeError where it has more bytes than it may
 */
export function encodeMessage(message: readonly unknown[], limits: { messageBytes: number }): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = packr.pack(message);
  } catch (error) {
    if (isStackOverflow(error)) throw new PayloadTooLargeError('A message is nested too deep');
    throw error;
  }
  // The buffer has grown to hold this one; the small messages to come must not each keep all of it.
  if (bytes.buffer.byteLength > SLAB) packr.useBuffer(Buffer.allocUnsafeSlow(SLAB));
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
  const head = packr.pack(header);
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

/**
 * Decodes a frame message by message.
 *
 * `open` sees the header, and what is needed to check its MAC, before anything else is read; `null` ends it there. `each` is
 * called when its message is complete and before the next one is begun, so it may do anything, decoding other frames included. Where a
 * reference could not be resolved, `undefined` stands in its place, and `failure` is what `fromWire` threw: the message says which call that concerns.
 *
 * @throws ProtocolError where the bytes are no frame; the messages before them have been handed over then
 */
export function decodeFrame(
  bytes: Uint8Array,
  open: (header: FrameHeader, mac: Uint8Array, body: Uint8Array) => ReferenceScope | null,
  each: (message: unknown[], failure?: { readonly error: unknown }) => void,
  limits: { depth: number; messageBytes: number },
): void {
  const macLength = bytes[0];
  if (macLength === undefined || bytes.length < macLength + 2) throw new ProtocolError('A frame without a body');
  const mac = bytes.subarray(1, 1 + macLength);
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + 1 + macLength, bytes.length - 1 - macLength);
  const resolver = new Resolver();
  // The message itself is a level, which its sender does not count.
  const reader = new Reader(body, limits.depth + 1, (reference) => resolver.resolve(reference));
  const header = checkHeader(guard(reader));
  const scope = open(header, mac, body);
  if (scope === null) return;
  resolver.scope = scope;
  while (!reader.done) {
    const start = reader.offset;
    const message = guard(reader);
    if (!Array.isArray(message) || typeof message[0] !== 'number') throw new ProtocolError('A message is not one');
    if (reader.offset - start > limits.messageBytes) {
      throw new ProtocolError(
        `A message of ${reader.offset - start} bytes, and at most ${limits.messageBytes} are allowed`,
      );
    }
    const failure = resolver.next();
    if (failure === undefined) each(message as unknown[]);
    else each(message as unknown[], failure);
  }
}

/** Whatever goes wrong while foreign bytes are read is their fault. */
function guard(reader: Reader): unknown {
  try {
    return reader.read();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError('Bytes that could not be read', { cause: error });
  }
}

/** Resolves the references of one message after the other; each grant of an object once per message. */
class Resolver {
  scope: ReferenceScope | undefined;
  private readonly resolved = new Map<string, unknown>();
  private failure: { error: unknown } | undefined;

  resolve(reference: WireReference): unknown {
    if (this.scope === undefined) throw new ProtocolError('A reference in a header');
    // By grant too: a second grant of the same object must be seen, or it could never be given back.
    const key = `${reference.id}:${reference.grant}`;
    if (this.resolved.has(key)) return this.resolved.get(key);
    let value: unknown;
    try {
      value = this.scope.fromWire(reference);
    } catch (error) {
      // The bytes are sound, and so are the messages behind this one.
      this.failure ??= { error };
    }
    this.resolved.set(key, value);
    return value;
  }

  next(): { error: unknown } | undefined {
    const failure = this.failure;
    this.failure = undefined;
    if (this.resolved.size > 0) this.resolved.clear();
    return failure;
  }
}
