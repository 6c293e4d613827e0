import { ConfigurationError } from '../protocol/errors.js';
import { isName, NAME_LENGTH } from '../protocol/names.js';

/**
 * Gives `typeid` back if it can be one: 1 to 200 characters, none of them a control character.
 * `of` is said in the error: where this typeid was found.
 */
export function checkTypeid(typeid: unknown, of: string): string {
  if (typeof typeid !== 'string' || typeid === '') {
    throw new ConfigurationError(
      `The typeid of ${of} must be a non-empty string, got ${typeid === '' ? "''" : String(typeid)}. ` +
        'An anonymous class has no name to take it from: give it with `typeid`.',
    );
  }
  if (typeid.length > NAME_LENGTH) {
    throw new ConfigurationError(
      `The typeid of ${of} has ${typeid.length} characters; at most ${NAME_LENGTH} are allowed.`,
    );
  }
  if (!isName(typeid)) {
    throw new ConfigurationError(
      `The typeid of ${of}, ${JSON.stringify(typeid)}, contains a control character or half of a surrogate pair.`,
    );
  }
  return typeid;
}
