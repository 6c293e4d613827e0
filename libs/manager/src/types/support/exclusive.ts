import { dup, inTask, onLeaseLost, remote } from '../../definition/index.js';

/** What `runExclusive` gives the function. */
export interface Exclusive {
  /**
   * Only grows, from grant to grant. Send it with every write to a system that others write to, and let that refuse a
   * smaller one: it is the only protection against an owner that was paused, and does not know yet that it is not one any more.
   */
  readonly fence: bigint;
  /** Fires when the lease is, or may be, lost, and with it what is held here; `reason` says why. */
  readonly signal: AbortSignal;
}

/** What is acquired, as its client class sees it. */
export interface Exclusable {
  /** One acquisition less, of the hold with this key. */
  release(key: bigint): void;
  /** The hold with this key is over, if it is not already. */
  forfeit(key: bigint): void;
}

/**
 * Runs `fn` while something is held, in the task that it finds or in one of its own. `acquire` gives the key of the hold.
 * Where the lease was lost meanwhile the outcome of `fn` is not its own any more: then this fails with the reason of the
 * signal, unless `fn` itself failed.
 */
export function runExclusive<R>(
  proxy: object,
  acquire: () => Promise<bigint>,
  fn: (held: Exclusive) => R | PromiseLike<R>,
): Promise<R> {
  return inTask(async () => {
    // Its user may give the proxy back meanwhile, and the lock must be released all the same.
    await using own = dup(proxy);
    const key = await acquire();
    // Without the options of the proxy: a signal that ended the work must not keep the lock from being released.
    const held = remote<Exclusable>(own, {});
    const lost = new AbortController();
    const forfeit = (): void => void held.forfeit(key).catch(() => undefined);
    const unlisten = onLeaseLost(own, (reason) => {
      forfeit();
      return () => lost.abort(reason);
    });
    let result: R;
    try {
      result = await fn({ fence: key, signal: lost.signal });
    } catch (error) {
      unlisten();
      // What went wrong first is what its user must hear.
      if (lost.signal.aborted) forfeit();
      else await held.release(key).catch(() => undefined);
      throw error;
    }
    unlisten();
    // Once more: the wait of a condition may have taken the lock up again after it was lost.
    if (lost.signal.aborted) forfeit();
    lost.signal.throwIfAborted();
    await held.release(key);
    return result;
  });
}
