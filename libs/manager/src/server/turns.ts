// Not the global one, which is a getter: this is asked for each turn of each session.
import { performance } from 'node:perf_hooks';

/** Who starts calls, some at a time. */
export interface Starter {
  resume(): void;
}

/** Ms for which one session starts calls before it is the turn of others. */
const SLICE = 5;
/** Calls between two looks at the clock: most take less than the look. */
const LOOK = 16;

/**
 * Fair turns: a session whose calls take long, or that sends many, starts as many as fit its slice, and goes on after
 * whatever others have sent meanwhile.
 */
export class Turns {
  #round = 0;
  readonly #waiting = new Set<Starter>();
  #immediate: NodeJS.Immediate | undefined;

  /** Grows whenever all were looked at. */
  get round(): number {
    return this.#round;
  }

  /** The inbox was read to its end. */
  next(): void {
    this.#round++;
  }

  /** Its slice is over: it goes on in the next round. */
  later(starter: Starter): void {
    this.#waiting.add(starter);
    // After the next look at what has come in.
    this.#immediate ??= setImmediate(() => this.#run());
  }

  stop(): void {
    clearImmediate(this.#immediate);
  }

  #run(): void {
    this.#immediate = undefined;
    this.#round++;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const starter of waiting) starter.resume();
  }
}

/** What one session has of its round. */
export class Slice {
  readonly #turns: Turns;
  readonly #starter: Starter;
  #round = -1;
  #count = 0;
  #end = 0;
  #over = false;

  constructor(turns: Turns, starter: Starter) {
    this.#turns = turns;
    this.#starter = starter;
  }

  /** Whether one more call may start now; if not, the starter is told when it may. */
  allows(): boolean {
    if (this.#round !== this.#turns.round) {
      this.#round = this.#turns.round;
      this.#end = performance.now() + SLICE;
      this.#count = 0;
      this.#over = false;
    } else if (!this.#over && ++this.#count % LOOK === 0) this.#over = performance.now() > this.#end;
    if (this.#over) this.#turns.later(this.#starter);
    return !this.#over;
  }
}
