import { Moment } from './elapsed.js';

/** A sixth of the lease: two beats may be lost, and a pause of half a lease survived, before it ends. */
export function beatInterval(lease: number): number {
  return Math.max(20, lease / 6);
}

/**
 * The end that must not outlive its lease counts it from the *sending* of the last beat that was acknowledged: the other
 * end counts from receipt, so this one always gives up first.
 */
export class BeatCounter {
  #number = 0;
  #sent = new Map<number, Moment>();
  #held = new Moment();

  next(): number {
    this.#sent.set(++this.#number, new Moment());
    return this.#number;
  }

  /** Takes an acknowledgement; one that is not newer than the last changes nothing. */
  acknowledged(echo: number): boolean {
    const sent = this.#sent.get(echo);
    if (!sent) return false;
    this.#held = sent;
    for (const number of this.#sent.keys()) if (number <= echo) this.#sent.delete(number);
    return true;
  }

  /** Beats sent since the last acknowledged one. */
  get unanswered(): number {
    return this.#sent.size;
  }

  /** Ms since the sending of the last acknowledged beat. */
  elapsed(): number {
    return this.#held.elapsed();
  }
}

/**
 * Time as the end that grants leases counts it against others: only while it could read their beats. A paused process, a
 * blocked loop or a medium that is away stops this clock, and beats that wait in the inbox are read before it goes on. By
 * the monotonic clock alone: a wall clock that is set would take time from leases that their owners count on.
 */
export class ReadingClock {
  #time = 0;
  #last: number | undefined;
  /** A step longer than this means that nothing was read in between. */
  readonly #step: number;

  constructor(step: number) {
    this.#step = step;
  }

  /** The inbox was just read to its end. */
  drained(): void {
    const now = performance.now();
    if (this.#last !== undefined) this.#time += Math.min(now - this.#last, this.#step);
    this.#last = now;
  }

  /** The medium was away: however long that was, it does not count. */
  interrupted(): void {
    this.#last = undefined;
  }

  now(): number {
    return this.#time;
  }

  /**
   * When what is read at this moment came, at the latest. Counted from the end of the read before, a lease would be over
   * here by as much sooner as that lies back, while its owner still counts on it.
   */
  arrival(): number {
    if (this.#last === undefined) return this.#time;
    return this.#time + Math.min(performance.now() - this.#last, this.#step);
  }
}
