import { FrameReader, type Seal } from './frame-reader.js';
import type { FrameHeader } from './messages.js';
import type { ReferenceScope } from './reference.js';

/** Reads a whole frame; where `open`, which sees the header, gives no scope, no message of it. */
export function decodeFrame(
  bytes: Uint8Array,
  open: (header: FrameHeader, seal?: Seal) => ReferenceScope | null,
  each: (message: unknown[], size: number, failure?: { readonly error: unknown }) => void,
  limits: { depth: number; messageBytes: number },
): void {
  const frame = new FrameReader(limits);
  const scope = open(frame.open(bytes), frame.seal);
  if (scope === null) return;
  let message: unknown[] | undefined;
  while ((message = frame.next(scope))) each(message, frame.size, frame.failure);
}
