import { currentCall, SharedType } from '../../definition/index.js';
import { itemsOf } from '../support/operands.js';
import type { Outcome } from '../support/outcome.js';

export interface PoolJobOptions {
  /** Runs the task for each of these items. It rejects where the pool is over: with the reason. */
  run(items: readonly unknown[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /** Called once, when nothing more will be run. */
  over(): void;
}

/**
 * Work that a pool has taken and that is told piece by piece, by an `imap` whose items only code of the caller can give. It
 * lasts as long as that holds it.
 */
@SharedType({ typeid: 'PoolJob', waits: ['run'] })
export class PoolJob {
  readonly #options: PoolJobOptions;

  constructor(options: PoolJobOptions) {
    this.#options = options;
  }

  run(items: readonly unknown[]): Promise<readonly Outcome[]> {
    return this.#options.run(itemsOf(items, 'run'), currentCall().signal);
  }

  onSharedDispose(): void {
    this.#options.over();
  }
}
