import type { ProtocolError } from '../protocol/index.js';

/** Ms between two reports. */
const SELDOM = 1000;

/** Counts the frames of an inbox that nobody can have meant, and tells of them once a second at most. */
export class MalformedFrames {
  readonly #report: (text: string) => void;
  #count = 0;
  #reportedAt = -Infinity;

  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  count(error: ProtocolError): void {
    this.#count++;
    const now = performance.now();
    if (now - this.#reportedAt < SELDOM) return;
    this.#reportedAt = now;
    this.#report(`${this.#count} unreadable frames so far; the last: ${error.message}`);
  }
}
