import { SharedType } from 'nestjs-manager';

/** What an instance reports. */
export interface Activity {
  visit: number;
  address: string;
  instance: string;
}

export interface LogEntry extends Activity {
  /** Position in the whole log, from 1. */
  sequence: number;
  /** Ms since 1970, by the server's clock: one clock for all instances. */
  at: number;
}

/** The last entries of a log that all instances write. A ring: it never grows beyond its capacity. */
@SharedType()
export class ActivityLog {
  readonly #capacity: number;
  readonly #ring: LogEntry[] = [];
  #total = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`A log needs a capacity of at least 1.`);
    this.#capacity = capacity;
  }

  /** The position of the entry in the log. */
  add(activity: Activity): number {
    const entry = { ...activity, sequence: this.#total + 1, at: Date.now() };
    this.#ring[this.#total % this.#capacity] = entry;
    return ++this.#total;
  }

  /** The last entries, the newest first. */
  tail(count: number): LogEntry[] {
    const newest = this.#total % this.#capacity;
    const inOrder = [...this.#ring.slice(newest), ...this.#ring.slice(0, newest)];
    return count > 0 ? inOrder.slice(-count).reverse() : [];
  }

  /** How many entries were ever added. */
  total(): number {
    return this.#total;
  }
}
