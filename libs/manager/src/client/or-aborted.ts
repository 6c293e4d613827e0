/** A promise that others share, waited for only until `signal` fires. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal, error: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(error() as Error);
    signal.addEventListener('abort', abort, { once: true });
    // First of all: a failure that nobody waits for any more is nobody's, and must not end the process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
