/** Fires after so many ms (0: never), or with the first of the signals. */
export function timeoutSignal(timeout: number, ...signals: (AbortSignal | undefined)[]): AbortSignal {
  const all = signals.filter((signal) => signal !== undefined);
  if (timeout > 0) all.push(AbortSignal.timeout(timeout));
  return AbortSignal.any(all);
}
