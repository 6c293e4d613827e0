import type { Transport } from '../transport.js';
import { MemoryInbox } from './memory-inbox.js';
import { MemoryStore } from './memory-store.js';
import { MemoryTransport } from './memory-transport.js';

/** A medium inside one process: every transport it connects reaches the inboxes and claims of the others. */
export class MemoryMedium {
  readonly #inboxes = new Map<string, MemoryInbox>();
  readonly #store = new MemoryStore(() => this.now());

  /** A transport of its own, as a process of its own would have. */
  connect(): Transport {
    return new MemoryTransport(this, this.#inboxes, this.#store);
  }

  /** Ends `transport` as a killed process ends: nothing is said or removed, and what it kept runs out. */
  kill(transport: Transport): void {
    (transport as MemoryTransport).abandon();
  }

  /** Wall-clock time at the start of the process, moved on by its monotonic clock: never goes back. */
  now(): number {
    return performance.timeOrigin + performance.now();
  }
}
