import { client, currentCall, debugState, SharedType } from '../../definition/index.js';
import { duration } from '../support/durations.js';
import { WaitingLine } from '../support/waiting-line.js';
import type { EventClient } from './client.js';

/**
 * A flag that applications wait for: Python's `Event`. It belongs to nobody: whoever has a proxy may raise it and take it
 * down.
 *
 * @example
 * ```ts
 * const ready = await manager.create(SharedEvent);
 * await ready.set();
 * await ready.wait(); // true
 * ```
 */
@SharedType({ typeid: 'event', waits: ['wait'] })
export class SharedEvent {
  declare readonly [client]?: EventClient;
  readonly #waiting = new WaitingLine<boolean>();
  #set = false;

  isSet(): boolean {
    return this.#set;
  }

  set(): void {
    this.#set = true;
    for (const waiter of this.#waiting.all()) waiter.settle(true);
  }

  clear(): void {
    this.#set = false;
  }

  wait(timeout?: number): boolean | Promise<boolean> {
    const time = duration(timeout, 'wait()');
    if (this.#set) return true;
    if (time !== undefined && time <= 0) return false;
    return this.#waiting.join(currentCall(), undefined, { timeout: time, timedOut: () => false });
  }

  [debugState](): Record<string, unknown> {
    return { set: this.#set, waiting: this.#waiting.size };
  }
}
