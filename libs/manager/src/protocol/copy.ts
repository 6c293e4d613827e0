import { encodeMessage } from './codec.js';
import { Extension } from './extensions.js';
import { Reader } from './reader.js';
import { WireReference, type ReferenceScope } from './reference.js';
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
  const { bytes, scope } = encodeCopy(value, limits, shared, root);
  return read(bytes, limits, scope) as T;
}

/**
 * A value as it is now, to stand in a message that is made later: data as its bytes, which are not looked at again; what
 * holds something shared as a copy. Gives the bytes that it takes, references not counted.
 *
 * @throws as `copyValue` does
 */
export function snapshot(
  value: unknown,
  limits: { depth: number; messageBytes: number },
  shared: (value: object) => object | undefined,
  root?: string,
): { value: unknown; bytes: number } {
  const { bytes, scope, answers } = encodeCopy(value, limits, shared, root);
  const alone = bytes.subarray(1);
  return {
    value: answers.length === 0 ? new Extension(Extension.ENCODED, alone) : read(bytes, limits, scope),
    bytes: alone.length,
  };
}

interface EncodedCopy {
  /** An array with the value alone. */
  readonly bytes: Uint8Array;
  readonly scope: ReferenceScope;
  /** What stands for what was shared in it. */
  readonly answers: readonly object[];
}

function encodeCopy(
  value: unknown,
  limits: { depth: number; messageBytes: number },
  shared: (value: object) => object | undefined,
  root?: string,
): EncodedCopy {
  const answers: object[] = [];
  const scope = {
    toWire: (object: object): WireReference | undefined => {
      const answer = shared(object);
      return answer && new WireReference('', answers.push(answer), 0);
    },
    fromWire: (reference: WireReference): unknown => answers[reference.id - 1],
  };
  return { bytes: encodeMessage([prepareValue(value, scope, limits, root)], limits), scope, answers };
}

function read(bytes: Uint8Array, limits: { depth: number }, scope: ReferenceScope): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return (new Reader(buffer, 0, limits.depth + 1, scope.fromWire).read() as [unknown])[0];
}
