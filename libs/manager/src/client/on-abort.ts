interface Listeners {
  readonly all: Set<() => void>;
  readonly run: () => void;
}

const known = new WeakMap<AbortSignal, Listeners>();

/**
 * Listens to a signal that many calls listen to at once: a signal goes through all its listeners whenever one comes or goes,
 * so it gets one for all of them, for as long as there are any. Gives what ends it.
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  const listeners = known.get(signal) ?? listen(signal);
  listeners.all.add(fn);
  return () => {
    if (!listeners.all.delete(fn) || listeners.all.size > 0 || known.get(signal) !== listeners) return;
    known.delete(signal);
    signal.removeEventListener('abort', listeners.run);
  };
}

function listen(signal: AbortSignal): Listeners {
  const all = new Set<() => void>();
  const run = (): void => {
    known.delete(signal);
    for (const fn of all) {
      all.delete(fn);
      fn();
    }
  };
  signal.addEventListener('abort', run, { once: true });
  const listeners = { all, run };
  known.set(signal, listeners);
  return listeners;
}
