import { client, currentCall, debugState, SharedType } from '../../definition/index.js';
import { BrokenBarrierError } from '../../protocol/index.js';
import { toldWaiting } from '../support/claimant.js';
import { checkCount } from '../support/count.js';
import { duration } from '../support/durations.js';
import { checkOptions } from '../support/options.js';
import { WaitingLine } from '../support/waiting-line.js';
import type { BarrierClient, BarrierOptions } from './client.js';

/**
 * A place where a number of parties, of whatever applications, wait for each other, round after round: Python's `Barrier`.
 *
 * @example
 * ```ts
 * const barrier = await manager.named('import').barrier(5, { timeout: 60_000 });
 * await load(part);
 * if ((await barrier.wait()) === 0) await announce(); // one of the five
 * ```
 */
@SharedType({ typeid: 'barrier', waits: ['wait'] })
export class Barrier {
  declare readonly [client]?: BarrierClient;
  readonly #parties: number;
  readonly #timeout: number | undefined;
  readonly #line = new WaitingLine<number>();
  /** Why it is. */
  #broken: string | undefined;

  /** @param parties how many a round takes; an integer, 1 or more. */
  constructor(parties: number, options?: BarrierOptions) {
    this.#parties = checkCount(parties, 1, 'The number of parties of a barrier');
    this.#timeout = duration(checkOptions(options, ['timeout'], 'barrier').timeout, 'barrier()');
  }

  wait(timeout?: number): number | Promise<number> {
    const call = currentCall();
    const time = timeout === undefined || timeout === null ? this.#timeout : duration(timeout, 'wait()');
    if (this.#broken !== undefined) throw brokenError(this.#broken);
    const index = this.#line.size;
    if (index + 1 === this.#parties) {
      // All go on in this step: whoever comes back at once comes into the next round.
      for (const [i, party] of this.#line.all().entries()) party.settle(i);
      return index;
    }
    const late = (): never => {
      this.#break('a party ran out of time');
      throw brokenError('its time was over before all parties were there');
    };
    if (time !== undefined && time <= 0) return late();
    return this.#line.join(call, undefined, {
      timeout: time,
      timedOut: late,
      left: () => this.#break(`a party of ${call.application} left while it waited`),
    });
  }

  abort(): void {
    this.#break('abort() was called');
  }

  reset(): void {
    this.#broken = undefined;
    this.#tell('reset() was called');
  }

  parties(): number {
    return this.#parties;
  }

  nWaiting(): number {
    return this.#line.size;
  }

  broken(): boolean {
    return this.#broken !== undefined;
  }

  [debugState](): Record<string, unknown> {
    return {
      parties: this.#parties,
      ...toldWaiting(this.#line),
      ...(this.#broken !== undefined && { broken: this.#broken }),
    };
  }

  /** The first reason stays: what follows from it is none. */
  #break(why: string): void {
    this.#broken ??= why;
    this.#tell(why);
  }

  #tell(why: string): void {
    for (const party of this.#line.all()) party.fail(brokenError(why));
  }
}

function brokenError(why: string): BrokenBarrierError {
  return new BrokenBarrierError(`wait() did not pass the barrier: ${why}.`, { method: 'wait' });
}
