/**
 * A flag that applications wait for: the proxy of a `SharedEvent`. It is down at first. `set` raises it and wakes all who
 * wait, `clear` takes it down again.
 *
 * @example
 * ```ts
 * const ready = await manager.named('ready').event();
 * if (!(await ready.wait(10_000))) throw new Error('Nothing was ready in time.');
 * ```
 */
export interface EventClient {
  /** Whether the flag is up now. */
  isSet(): Promise<boolean>;
  /** Raises the flag and wakes all who wait, in the order in which they came. Where it is up already it stays up. */
  set(): Promise<void>;
  /** Takes the flag down: who waits from now on waits for the next `set`. Those who were woken stay awake. */
  clear(): Promise<void>;
  /**
   * Waits until the flag is up. True where it is, or when it was raised, be it down again by then; false after `timeout`.
   *
   * @param timeout ms; 0 or less for an answer at once. Default, and Infinity: for ever.
   * @throws TypeError where the timeout is no number; CallAbortedError where the signal of `manager.with` or the release
   * of the proxy ends the wait.
   */
  wait(timeout?: number): Promise<boolean>;
}
