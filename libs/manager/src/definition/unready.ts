import type { Handle } from './handle.js';

/**
 * Thrown while a message is made that has this proxy in it: its object has not been reached yet, or is another server's and
 * needs a ticket to travel. Whoever makes the message gets what is missing and makes it again. Users never see it.
 */
export class Unready extends Error {
  constructor(
    readonly proxy: object,
    readonly handle: Handle,
  ) {
    super(`A proxy of ${handle.target.typeid} cannot travel yet.`);
  }
}

/** Ms that a ticket made for a message lives, which is longer than the message can take. */
export const TRANSIT = 60_000;
