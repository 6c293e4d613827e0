import { client, currentCall, debugState, SharedType } from '../../definition/index.js';
import { CallTimeoutError, StateError } from '../../protocol/index.js';
import { duration } from '../support/durations.js';
import { resultOf, type Outcome } from '../support/outcome.js';
import { WaitingLine } from '../support/waiting-line.js';
import type { AsyncResultClient } from './client.js';

/**
 * What comes of work that a pool was given without waiting for it: Python's `AsyncResult`. It is a shared object of its own:
 * its proxy can go to another application, and the result is there for as long as somebody holds it.
 *
 * @example
 * ```ts
 * const report = await pool.applyAsync('report', [2026]);
 * await report.ready(); // false
 * await report.get();
 * ```
 */
@SharedType({ typeid: 'AsyncResult', waits: ['get', 'wait'] })
export class AsyncResult<T = unknown> {
  declare readonly [client]?: AsyncResultClient<T>;
  #outcome: Outcome | undefined;
  readonly #getting = new WaitingLine<unknown>();
  readonly #waiting = new WaitingLine<void>();

  /** @param work resolves with the result. */
  constructor(work: PromiseLike<T>) {
    void work.then(
      (value) => this.#settle({ value }),
      (error: unknown) => this.#settle({ error }),
    );
  }

  get(timeout?: number): unknown {
    const time = duration(timeout, 'get()');
    if (this.#outcome) return resultOf(this.#outcome);
    const timedOut = (): never => {
      throw new CallTimeoutError(`get() found the result not ready${time ? ` after ${time} ms` : ''}. Ask again.`, {
        method: 'get',
        ...(time !== undefined && { timeout: time }),
      });
    };
    if (time !== undefined && time <= 0) return timedOut();
    return this.#getting.join(currentCall(), undefined, { timeout: time, timedOut });
  }

  wait(timeout?: number): void | Promise<void> {
    const time = duration(timeout, 'wait()');
    if (this.#outcome || (time !== undefined && time <= 0)) return;
    return this.#waiting.join(currentCall(), undefined, { timeout: time, timedOut: () => undefined });
  }

  ready(): boolean {
    return this.#outcome !== undefined;
  }

  successful(): boolean {
    if (this.#outcome) return 'value' in this.#outcome;
    throw new StateError('successful() was asked of a result that is not ready. Wait for it with wait().');
  }

  [debugState](): Record<string, unknown> {
    const state = !this.#outcome ? 'pending' : 'value' in this.#outcome ? 'fulfilled' : 'rejected';
    return { state, waiting: this.#getting.size + this.#waiting.size };
  }

  #settle(outcome: Outcome): void {
    this.#outcome = outcome;
    for (const waiter of this.#waiting.all()) waiter.settle();
    for (const getter of this.#getting.all()) {
      if ('value' in outcome) getter.settle(outcome.value);
      else getter.fail(outcome.error);
    }
  }
}
