import { onAbort } from './on-abort.js';

/**
 * Runs `use` with a signal that fires after so many ms (0: never), or with the first of the signals; and with what is left of
 * them, as the timeout of a call.
 *
 * `AbortSignal.any([AbortSignal.timeout(ms)])` would not do: nothing holds the timeout, and once it is collected, neither ever
 * fires; and it throws where ms are not whole, as what is left of a time seldom is.
 */
export async function within<T>(
  ms: number,
  signals: readonly (AbortSignal | undefined)[],
  use: (signal: AbortSignal, left: () => number) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const since = performance.now();
  const left = (): number => (ms > 0 ? Math.max(1, Math.ceil(ms - (performance.now() - since))) : 0);
  const timer = ms > 0 ? setTimeout(() => over.abort(), ms) : undefined;
  timer?.unref();
  const unlisten = signals.map((signal) => signal && onAbort(signal, () => over.abort(signal.reason)));
  if (signals.some((signal) => signal?.aborted)) over.abort();
  try {
    return await use(over.signal, left);
  } finally {
    clearTimeout(timer);
    for (const stop of unlisten) stop?.();
  }
}
