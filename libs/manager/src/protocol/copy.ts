import { encodeMessage } from './codec.js';
import { Reader } from './reader.js';
import { WireReference } from './reference.js';
import { prepareValue } from './values.js';

/**
 * A copy of data as the wire would make it, taken now. `shared` is asked once for each distinct object that is not plain
 * data: what it gives stands in the copy in its place; undefined is for what is not shared.
 *
 * @throws EncodingError as `prepareValue` does; what `shared` throws.
 */
export function copyValue<T>(
  value: T,
  limits: { depth: number; messageBytes: number },
  shared: (value: object) => object | undefined,
  root?: string,
): T {
  const answers: object[] = [];
  const scope = {
    toWire: (object: object): WireReference | undefined => {
      const answer = shared(object);
      return answer && new WireReference('', answers.push(answer), 0);
    },
    fromWire: (reference: WireReference): unknown => answers[reference.id - 1],
  };
  const bytes = encodeMessage([prepareValue(value, scope, limits, root)], limits);
  const reader = new Reader(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    0,
    limits.depth + 1,
    scope.fromWire,
  );
  return (reader.read() as [T])[0];
}
