import { encodeMessage } from './codec.js';
import { Reader } from './reader.js';
import { WireReference } from './reference.js';
import { prepareValue } from './values.js';

/**
 * A copy of data as the wire would make it, taken now: for arguments whose call leaves later. Shared things in it stay
 * what they are.
 *
 * @throws EncodingError as `prepareValue` does, except that shared things are not judged here.
 */
export function copyValue<T>(
  value: T,
  limits: { depth: number; messageBytes: number },
  isShared: (value: object) => boolean,
): T {
  const shared: object[] = [];
  const scope = {
    toWire: (object: object): WireReference | undefined =>
      isShared(object) ? new WireReference('', shared.push(object), 0) : undefined,
    fromWire: (reference: WireReference): unknown => shared[reference.id - 1],
  };
  const bytes = encodeMessage([prepareValue(value, scope, limits)], limits);
  const reader = new Reader(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    0,
    limits.depth + 1,
    scope.fromWire,
  );
  return (reader.read() as [T])[0];
}
