import type { OnReadOpts } from 'node:net';

/** Bytes that are read into, one read behind the other. */
const SLAB = 64 * 1024;
/** Where fewer are left, the next read takes a new slab. */
const LEAST = 16 * 1024;

/**
 * Has a socket read into slabs that are written once, where it would take, cut and give back 64 KiB for each read: a few
 * microseconds, which are a good part of a call. Only a socket that connects can be told.
 */
export class Intake {
  /** For the options of the socket. */
  readonly onread: OnReadOpts;
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #start = 0;
  #take: ((chunk: Buffer) => void) | undefined;
  /** What came before anybody took it. */
  #early: Buffer[] = [];

  constructor() {
    this.onread = { buffer: () => this.#next(), callback: (bytes) => this.#read(bytes) };
  }

  /** `take` has what was read and what will be. */
  start(take: (chunk: Buffer) => void): void {
    this.#take = take;
    for (const chunk of this.#early.splice(0)) take(chunk);
  }

  #next(): Buffer {
    if (SLAB - this.#start < LEAST) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB);
      this.#start = 0;
    }
    return this.#start === 0 ? this.#slab : this.#slab.subarray(this.#start);
  }

  #read(bytes: number): boolean {
    const chunk = this.#slab.subarray(this.#start, this.#start + bytes);
    this.#start += bytes;
    if (this.#take) this.#take(chunk);
    else this.#early.push(chunk);
    return true;
  }
}
