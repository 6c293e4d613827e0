import type { Purpose } from './history.js';
import { failureOf, type Recorder } from './recorder.js';

export interface CallNotes {
  /** The call whose proxy it is made on. */
  of?: string;
  /** With the answer: which queue it came from. */
  queue?: () => string | undefined;
}

/** Makes calls and keeps account of them: each has a name, and ends once. */
export class Calls {
  readonly #recorder: Recorder;
  #made = 0;
  /** Those that have not ended. */
  under = 0;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  name(): string {
    return `${this.#recorder.by}#${++this.#made}`;
  }

  /** Makes a call. Never rejects: undefined where it failed, of which the history says why. */
  async make<R>(
    what: Purpose,
    timeout: number,
    run: (call: string) => Promise<R>,
    notes: CallNotes = {},
  ): Promise<{ call: string; value: R } | undefined> {
    const call = this.name();
    const before = this.#recorder.ran;
    const ran = (): number => this.#recorder.ran - before;
    this.#recorder.record({ kind: 'called', call, what, timeout, ...(notes.of !== undefined && { of: notes.of }) });
    this.under++;
    try {
      const value = await run(call);
      const queue = notes.queue?.();
      const simple = typeof value === 'number' || typeof value === 'string';
      this.#recorder.record({
        kind: 'answered',
        call,
        ran: ran(),
        ...(simple && { value }),
        ...(queue !== undefined && { queue }),
      });
      return { call, value };
    } catch (error) {
      this.#recorder.record({ kind: 'failed', call, ran: ran(), error: failureOf(error) });
      return undefined;
    } finally {
      this.under--;
    }
  }
}
