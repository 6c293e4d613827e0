import type { TransportState } from './transport.js';

/** A transport's state and those who want to hear of its changes. `closed` is final. */
export class StateHolder {
  #state: TransportState = 'connecting';
  readonly #listeners = new Set<(state: TransportState) => void>();

  get current(): TransportState {
    return this.#state;
  }

  set(state: TransportState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        // Not the medium's trouble: heard where uncaught errors are.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  listen(listener: (state: TransportState) => void): () => void {
    // Wrapped, so that one function registered twice is called twice and stopped one at a time.
    const entry = (state: TransportState): void => listener(state);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }
}
