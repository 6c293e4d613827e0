import { Buffer } from 'node:buffer';
import type { OnReadOpts } from 'node:net';

/** Bytes of the longest read. */
const LONGEST = 64 * 1024;

/**
 * Has a socket read into one and the same place, where it would take 64 KiB for each read, cut them and give them back: a
 * few microseconds, which are a good part of a call. What was read is copied from there. Only a socket that connects can be
 * told.
 */
export class Intake {
  /** For the options of the socket. */
  readonly onread: OnReadOpts;
  readonly #place = Buffer.allocUnsafeSlow(LONGEST);
  #take: ((chunk: Buffer) => void) | undefined;
  /** What came before anybody took it. */
  #early: Buffer[] = [];

  constructor() {
    this.onread = { buffer: this.#place, callback: (bytes) => this.#read(bytes) };
  }

  /** `take` has what was read and what will be. */
  start(take: (chunk: Buffer) => void): void {
    this.#take = take;
    for (const chunk of this.#early.splice(0)) take(chunk);
  }

  #read(bytes: number): boolean {
    const chunk = Buffer.allocUnsafe(bytes);
    this.#place.copy(chunk, 0, 0, bytes);
    if (this.#take) this.#take(chunk);
    else this.#early.push(chunk);
    return true;
  }
}
