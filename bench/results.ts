import type { Sample } from './sample.js';

export interface Row {
  case: string;
  system: string;
  callers: number;
  perSecond: number;
  p50Us: number;
  p99Us: number;
}

export interface Measured {
  row: Row;
  /** As in the sample: fewer callers than the row says. */
  usedCallers: number | undefined;
  /** How far the slowest round was below the best, as a fraction: how noisy the machine was. */
  spread: number;
}

/** The samples of all rounds, and the one that counts of each cell. */
export class Results {
  readonly notes: string[] = [];
  readonly #samples = new Map<string, { cell: Pick<Row, 'case' | 'system' | 'callers'>; samples: Sample[] }>();

  add(cell: Pick<Row, 'case' | 'system' | 'callers'>, sample: Sample): void {
    const key = `${cell.case} ${cell.callers} ${cell.system}`;
    const known = this.#samples.get(key);
    if (known) known.samples.push(sample);
    else this.#samples.set(key, { cell, samples: [sample] });
  }

  /** The best round of each cell, since what disturbs a measurement only ever slows it; in the order they were measured. */
  best(): Measured[] {
    return [...this.#samples.values()].map(({ cell, samples }) => {
      const [first, ...rest] = samples.toSorted((one, other) => other.perSecond - one.perSecond);
      const { perSecond, p50Us, p99Us, usedCallers } = first!;
      const spread = 1 - (rest.at(-1) ?? first!).perSecond / perSecond;
      return { row: { ...cell, perSecond, p50Us, p99Us }, usedCallers, spread };
    });
  }
}
