import type { Wire } from './wire.js';

/** Ms between two looks where nothing comes: a server ends sessions only after one that found no beat of theirs. */
const LOOK = 250;
/** Ms between two looks where much comes. */
const SOON = 20;
/** A read that brought so much in one turn of the event loop may have left something behind. */
const FULL = 60 * 1024;
/** More than a kernel keeps of one connection: whoever has read so much has read all that was there at first. */
const KERNEL = 8 * 1024 * 1024;
/** Ms after which those who were about to connect are no longer waited for. */
const PATIENCE = 250;

/** How far one connection was read. */
interface Mark {
  /** When the look began. */
  readonly from: number;
  /** At the last turn. */
  last: number;
}

export interface DrainHooks {
  wires(): Iterable<Wire>;
  /** Connections that were taken in so far; each is read a turn later. */
  arrivals(): number;
  /** Everything that others had sent by `asOf` was read. */
  drained(asOf: number): void;
}

/**
 * Finds out when everything was read that the kernel had for this process at some moment, above all after a pause: whoever
 * is connected may have sent beats meanwhile. One turn of the event loop reads each connection that has something, but not
 * always all of it.
 */
export class DrainLook {
  readonly #hooks: DrainHooks;
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  /** It looked a moment ago. By a timer, since a look at the clock for each read costs more. */
  #resting = false;
  #stopped = false;

  constructor(hooks: DrainHooks) {
    this.#hooks = hooks;
    this.#timer = setInterval(() => this.#look(), LOOK);
    this.#timer.unref();
  }

  /** Something was read. */
  soon(): void {
    if (!this.#looking && !this.#resting) this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#looking || this.#stopped) return;
    this.#looking = true;
    // From here a whole turn follows. The present one may have asked the kernel long ago.
    setImmediate(() => {
      const asOf = performance.now();
      const marks = new Map<Wire, Mark>();
      for (const wire of this.#hooks.wires()) marks.set(wire, { from: wire.bytesRead, last: wire.bytesRead });
      this.#next(asOf, marks, this.#hooks.arrivals());
    });
  }

  #next(asOf: number, marks: Map<Wire, Mark>, arrivals: number): void {
    setImmediate(() => {
      for (const [wire, mark] of marks) {
        const { bytesRead } = wire;
        if (wire.closed || bytesRead - mark.last < FULL || bytesRead - mark.from > KERNEL) marks.delete(wire);
        else mark.last = bytesRead;
      }
      const arrived = this.#hooks.arrivals();
      const waits = arrived !== arrivals && performance.now() - asOf < PATIENCE;
      if (marks.size > 0 || waits) this.#next(asOf, marks, arrived);
      else this.#end(asOf);
    });
  }

  #end(asOf: number): void {
    this.#looking = false;
    this.#resting = true;
    setTimeout(() => (this.#resting = false), SOON).unref();
    if (!this.#stopped) this.#hooks.drained(asOf);
  }
}
