/** What a barrier is made with. */
export interface BarrierOptions {
  /** Ms that `wait()` waits where it is not told itself; none or Infinity for ever, 0 or less not at all. @default none */
  timeout?: number | undefined;
}

/** A barrier as applications see it. */
export interface BarrierClient {
  /**
   * Waits until as many are there as the barrier has parties; then all of them go on, and the next round begins. Gives the
   * place in which this one came, from 0 to `parties - 1`: each once in a round.
   *
   * Whoever leaves a round breaks the barrier for all: out of time, by its signal, by the release of its proxy or the end of
   * its session, death included.
   *
   * @param timeout ms; without one that of the barrier. Infinity for ever; 0 or less does not wait.
   * @throws BrokenBarrierError where the barrier is broken, at once or while this one waits, and out of time, which breaks
   * it; TypeError for a timeout that is no number.
   */
  wait(timeout?: number): Promise<number>;
  /** Breaks it: those who wait, and all who come, get a BrokenBarrierError until it is reset. */
  abort(): Promise<void>;
  /** Makes it as it was at first. Those who wait get a BrokenBarrierError. */
  reset(): Promise<void>;
  /** How many a round takes. */
  parties(): Promise<number>;
  /** How many wait now. */
  nWaiting(): Promise<number>;
  /** Whether it is broken. */
  broken(): Promise<boolean>;
}
