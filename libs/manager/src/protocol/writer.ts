import { Packr, addExtension } from 'msgpackr/pack';
import { Extension, ExtensionType } from './extensions.js';

/** What msgpackr writes is read by `reader.ts`, so nothing is registered for reading: that table is not ours alone. */
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });

type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

addExtension({
  Class: Extension,
  // msgpackr wants one, and would claim a number for all its users; a property no number has is as good.
  type: 'nestjs-manager' as unknown as number,
  pack: writeExtension,
} as unknown as Parameters<typeof addExtension>[0]);

function writeExtension({ type, bytes, content }: Extension, allocate: Allocate, pack: (value: unknown) => void): void {
  if (type === ExtensionType.date) {
    const { target, targetView, position } = allocate(10);
    target[position] = 0xd7;
    target[position + 1] = type;
    targetView.setFloat64(position + 2, content as number);
    return;
  }
  if (bytes === undefined) {
    const { target, position } = allocate(3);
    target[position] = 0xd4;
    target[position + 1] = type;
    target[position + 2] = 0;
    pack(content);
    return;
  }
  if (type === Extension.ENCODED) {
    const { target, position } = allocate(bytes.length);
    target.set(bytes, position);
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
const SLAB = 64 * 1024;

/** MessagePack of a value that holds nothing but plain data and `Extension`s. The bytes are the caller's to keep. */
export function write(value: unknown): Uint8Array {
  const bytes = packr.pack(value);
  // The buffer has grown to hold this one; the small messages to come must not each keep all of it.
  if (bytes.buffer.byteLength > SLAB) packr.useBuffer(Buffer.allocUnsafeSlow(SLAB));
  return bytes;
}
