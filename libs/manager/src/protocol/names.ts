/** Of a name of an object, a typeid, an application: what people read, and log. */
export const NAME_LENGTH = 200;

/** Control characters would forge lines of a log; a lone surrogate does not survive UTF-8, so both ends would differ. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;
/** Of what is longer than any name, a message repeats so much. */
const SHOWN = 80;

/** Whether a value can be a name: 1 to 200 characters, none of them a control character or half of a surrogate pair. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= NAME_LENGTH && !FORBIDDEN.test(value);
}

/** A text that must serve as a name, whatever it is: its beginning, with `?` for what a name cannot have. */
export function asName(text: string): string {
  const name = text.slice(0, NAME_LENGTH).replaceAll(/[\p{Cc}\p{Cs}]/gu, '?');
  return name === '' ? '?' : name;
}

/** What a peer sent in a place where a name was expected, no longer than helps. */
export function brief(value: string): string {
  return value.length <= NAME_LENGTH ? value : `${value.slice(0, SHOWN)}…`;
}

/** The same, for a message: quoted. */
export function quoted(value: string): string {
  return JSON.stringify(brief(value));
}
