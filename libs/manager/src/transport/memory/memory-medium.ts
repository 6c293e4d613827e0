import type { Transport } from '../transport.js';
import type { Mailbox } from './mailbox.js';
import { processClock } from './process-clock.js';
import { MemoryStore } from './memory-store.js';
import { MemoryTransport } from './memory-transport.js';

/** A medium inside one process: every transport it connects reaches the inboxes and claims of the others. */
export class MemoryMedium {
  readonly #inboxes = new Map<string, Mailbox>();
  readonly #store = new MemoryStore(() => this.now());

  /** A transport of its own, as a process of its own would have. */
  connect(): Transport {
    return new MemoryTransport({
      kind: 'memory',
      alone: true,
      inboxes: this.#inboxes,
      store: this.#store,
      now: () => this.now(),
      open: () => Promise.resolve(),
    });
  }

  /** Ends `transport` as a killed process ends: nothing is said or removed, and what it kept runs out. */
  kill(transport: Transport): void {
    (transport as MemoryTransport).abandon();
  }

  /** Wall-clock time at the start of the process, moved on by its monotonic clock: never goes back. */
  now(): number {
    return processClock();
  }
}
