/** What one cell asks of a client: this many concurrent callers, warmed up and then measured for so many seconds. */
export interface Cell {
  callers: number;
  warmup: number;
  seconds: number;
  /** Where several processes measure together: when they begin, in ms since 1970. Rates may be added only of the same time. */
  begin?: number;
}

/** What a client measured in one cell. Latencies are microseconds. */
export interface Sample {
  perSecond: number;
  p50Us: number;
  p99Us: number;
  /** Set where the system cannot use that many callers and did its best with fewer. */
  usedCallers?: number;
}
