/** Ms for which what is done at once, and awaited each time, may keep everything else from being done. */
const SHARE = 10;

/** When the turn of the event loop began in which something was last done at once, so far as is known. */
let since: number | undefined;

/**
 * Asked before something is done at once in a loop that awaits it: such a loop goes on without a turn of the event loop, in
 * which beats are sent and others are served. Gives what is to be awaited first where it has gone on for long.
 */
export function turnDue(): Promise<void> | undefined {
  const now = performance.now();
  if (since === undefined) {
    since = now;
    setImmediate(() => (since = undefined));
    return undefined;
  }
  return now - since < SHARE ? undefined : new Promise((resolve) => void setImmediate(resolve));
}
