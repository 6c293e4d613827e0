/** The result of work in a pool, as applications see it. */
export interface AsyncResultClient<T> {
  /**
   * The result, as often as it is asked for; waits until it is there.
   *
   * @param timeout ms; 0 or less does not wait. Default, and Infinity: for ever.
   * @throws what the task threw; CallTimeoutError where it is not ready in time, which stops nothing; StateError where the
   * pool was terminated, or given back by all, before it was ready.
   */
  get(timeout?: number): Promise<T>;
  /** Waits until it is ready, or for so many ms. Never fails because of the task. */
  wait(timeout?: number): Promise<void>;
  /** Whether the work is done, well or not. */
  ready(): Promise<boolean>;
  /**
   * Whether it was done without an error.
   *
   * @throws StateError where it is not ready.
   */
  successful(): Promise<boolean>;
}
