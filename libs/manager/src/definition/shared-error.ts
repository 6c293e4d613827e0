import { ConfigurationError } from '../protocol/errors.js';
import { registerErrorClass } from '../protocol/wire-errors.js';

/**
 * Lets an error class arrive as itself: thrown by hosted code, it is an instance of this class in the application, with
 * its message, its own enumerable fields and the server's stack as `remoteStack`. The class must be decorated, and so be
 * imported, on both sides; where it is not, the error arrives as `RemoteError`. Its constructor is not run on arrival.
 *
 * `name` is what travels. It defaults to the name of the class; give it where a minifier renames classes.
 *
 * @throws ConfigurationError where the class has no name and none is given.
 *
 * @example
 * ```ts
 * @SharedError()
 * export class RoomFullError extends Error {
 *   constructor(readonly seats: number) {
 *     super(`All ${seats} seats are taken.`);
 *   }
 * }
 * ```
 */
export function SharedError(name?: string): (type: new (...args: never[]) => Error) => void {
  return (type) => {
    const registered = name ?? type.name;
    if (registered === '') {
      throw new ConfigurationError(
        '@SharedError() needs a name: the class is anonymous. Give it as @SharedError(name).',
      );
    }
    registerErrorClass(registered, type);
  };
}
