import { lineOf, placeOfCall } from '../../definition/index.js';

/** In development: the line of the application that calls a member, for the census of the server. */
export function askedFrom(): string | undefined {
  return lineOf(placeOfCall());
}
