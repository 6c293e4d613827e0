import { build } from 'hdr-histogram-js';

/** Collects durations in milliseconds; gives percentiles in microseconds. */
export class Latencies {
  // Counted in nanoseconds, to three digits, up to a minute.
  readonly #histogram = build({ highestTrackableValue: 60e9, numberOfSignificantValueDigits: 3 });

  record(milliseconds: number): void {
    this.#histogram.recordValue(Math.min(60e9, Math.round(milliseconds * 1e6)));
  }

  percentiles(): { p50Us: number; p99Us: number } {
    const at = (percentile: number) => this.#histogram.getValueAtPercentile(percentile) / 1000;
    return { p50Us: at(50), p99Us: at(99) };
  }
}
