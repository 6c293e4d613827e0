import { EncodingError } from './errors.js';
import { isIterable } from './iterates.js';
import { classNameOf } from './kinds.js';

/** Why an object cannot be carried, where it is, and what to do about it. */
export function refusal(value: object, where: string): EncodingError {
  const name = classNameOf(value);
  if (isThenable(value)) {
    return new EncodingError(`${where} is a ${name}, which has to be awaited before it is sent`);
  }
  if (isIterable(value)) {
    return new EncodingError(
      `${where} is an instance of ${name} that can be iterated, and only results carry iterators. ` +
        'Send an array of its items, or the proxy of a shared object that gives them',
    );
  }
  return new EncodingError(
    `${where} is an instance of ${name}, which has behaviour of its own and cannot be copied. ` +
      'Share it (share(value), or @SharedType on its class) so that a proxy arrives, or copy its data into a plain object yourself',
  );
}

function isThenable(value: object): boolean {
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}
