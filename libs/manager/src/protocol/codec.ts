import { PayloadTooLargeError } from './errors.js';
import type { FrameHeader } from './messages.js';
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
  const room = Buffer.allocUnsafeSlow(MAC_ROOM + size);
  fill(room, MAC_ROOM, head, messages);
  return sealed(room, MAC_ROOM, room.length, mac);
}

/** Room for the longest MAC and its length: how long one is, is known only after it was made. */
export const MAC_ROOM = 256;

/** Puts the MAC of the bytes from `start` to `end` before them: what is there, with room for it, becomes a frame. */
export function sealed(room: Buffer, start: number, end: number, mac: (body: Uint8Array) => Uint8Array): Uint8Array {
  const code = mac(room.subarray(start, end));
  if (code.length >= MAC_ROOM) throw new RangeError('A MAC has at most 255 bytes');
  const first = start - 1 - code.length;
  room[first] = code.length;
  room.set(code, first + 1);
  return room.subarray(first, end);
}

function fill(frame: Buffer, start: number, head: Uint8Array, messages: readonly Uint8Array[]): void {
  frame.set(head, start);
  let position = start + head.length;
  for (let i = 0; i < messages.length; i++) {
    frame.set(messages[i]!, position);
    position += messages[i]!.length;
  }
}
