import type { Delivery, InboxReader, Lane } from './transport.js';

/** A reader for tests: keeps what was delivered and lets a test wait for it. */
export class Recorder implements InboxReader {
  readonly frames: Delivery[] = [];
  readonly beats: Delivery[] = [];
  /** Every call in order: `beats:3`, `frames:1`, `drained`, `restarted`. */
  readonly calls: string[] = [];
  restarts = 0;
  drainedAsOf = -Infinity;
  readonly #waiting = new Set<() => void>();
  readonly #onDeliver: ((lane: Lane, deliveries: readonly Delivery[]) => void) | undefined;

  constructor(onDeliver?: (lane: Lane, deliveries: readonly Delivery[]) => void) {
    this.#onDeliver = onDeliver;
  }

  deliver(lane: Lane, deliveries: readonly Delivery[]): void {
    this[lane].push(...deliveries);
    this.calls.push(`${lane}:${deliveries.length}`);
    this.#onDeliver?.(lane, deliveries);
    this.#look();
  }

  drained(asOf: number): void {
    this.drainedAsOf = asOf;
    if (this.calls.at(-1) !== 'drained') this.calls.push('drained');
    this.#look();
  }

  restarted(): void {
    this.restarts += 1;
    this.calls.push('restarted');
    this.#look();
  }

  texts(lane: Lane = 'frames'): string[] {
    return this[lane].map(({ bytes }) => Buffer.from(bytes).toString());
  }

  /** Resolves when `condition` holds; looked at after each call of the medium. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Asks again until `condition` holds, for what no event tells. */
export async function eventually(condition: () => boolean | Promise<boolean>, every = 10): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, every));
}
