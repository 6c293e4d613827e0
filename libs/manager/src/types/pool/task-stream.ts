import { setImmediate } from 'node:timers/promises';
import type { Outcome } from '../support/outcome.js';

export interface TaskStreamOptions {
  /** Items that are run together. */
  readonly chunkSize: number;
  /** Chunks that are under way, or done and not yet taken, at most. */
  readonly ahead: number;
  /** Whether results come in the order of the items, or as they are ready. */
  readonly ordered: boolean;
  /** Whether each item gives what became of it, as `Promise.allSettled` does, and none ends the stream. */
  readonly settled: boolean;
  /**
   * Runs the task for each of these items. It rejects only where going on is in vain: see `end`. `signal` fires when nobody
   * wants them any more.
   */
  run(items: readonly unknown[], signal: AbortSignal): Promise<readonly Outcome[]>;
  /** Called once, when nothing is under way and nothing will be. */
  over?(stream: TaskStream): void;
}

interface Slot {
  outcomes?: readonly Outcome[];
}

/** Items that are read in one go. Sources and runs may settle without a turn of the event loop, which nobody else had then. */
const PAUSE = 100;

/**
 * Runs a task for one item after the other, no further ahead of its reader than it may, and gives the results. It begins at
 * once. A failure that is not `settled` comes where its item is, in order, or else after all others: of results in any order
 * none should be lost to it.
 */
export class TaskStream implements AsyncIterableIterator<unknown, undefined, undefined> {
  readonly #options: TaskStreamOptions;
  readonly #items: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #slots: Slot[] = [];
  readonly #stop = new AbortController();
  /** Those of the chunk that is being given. */
  #outcomes: readonly Outcome[] = [];
  #at = 0;
  #reading = false;
  #read = 0;
  #exhausted = false;
  /** Going on is in vain, so that no item is sent off any more. */
  #ended = false;
  /** The items could not be read any further, or are not to be. */
  #broken: { readonly error: unknown } | undefined;
  /** The first one, where results come in any order. */
  #failure: { readonly error: unknown } | undefined;
  #closed = false;
  #told = false;
  #wake: (() => void) | undefined;
  /** Answers are given one after the other, however many are asked for. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(items: Iterable<unknown> | AsyncIterable<unknown>, options: TaskStreamOptions) {
    this.#options = options;
    const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = items as AsyncIterable<unknown> &
      Iterable<unknown>;
    this.#items = typeof later === 'function' ? Reflect.apply(later, items, []) : Reflect.apply(now, items, []);
    void this.#fill();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Takes what has not begun out of the line, and stops what runs. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#closed) {
      this.#closed = true;
      this.#stop.abort(new Error('The iteration was closed.'));
      this.#wake?.();
      this.#tell();
      await this.#closeItems();
    }
    return { done: true, value: undefined };
  }

  /**
   * Where going on is in vain: reads no further, and fails with `reason` after what was sent off, if that was not all there is.
   * Idempotent.
   */
  end(reason: unknown): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    if (!this.#exhausted) {
      this.#broken = { error: reason };
      this.#closeItems().catch(() => undefined);
      this.#exhausted = true;
    }
    this.#wake?.();
    this.#tell();
  }

  async #closeItems(): Promise<void> {
    if (this.#exhausted) return;
    const closed = Promise.resolve(this.#items.return?.());
    // They may wait for an item that never comes, and a generator cannot be closed before.
    if (this.#reading) closed.catch(() => undefined);
    else await closed;
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      const outcome = this.#outcomes[this.#at];
      if (outcome) {
        this.#at++;
        const given = this.#give(outcome);
        if (given) return given;
        continue;
      }
      const index = this.#slots.findIndex(({ outcomes }) => outcomes !== undefined);
      const ready = this.#options.ordered ? index === 0 : index >= 0;
      if (ready) {
        const [slot] = this.#slots.splice(index, 1);
        this.#outcomes = slot?.outcomes ?? [];
        this.#at = 0;
        void this.#fill();
      } else if (this.#exhausted && this.#slots.length === 0) return this.#end();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #give(outcome: Outcome): IteratorResult<unknown, undefined> | undefined {
    const { ordered, settled } = this.#options;
    if (settled) {
      const value =
        'error' in outcome
          ? { status: 'rejected', reason: outcome.error }
          : { status: 'fulfilled', value: outcome.value };
      return { done: false, value };
    }
    if (!('error' in outcome)) return { done: false, value: outcome.value };
    if (ordered) {
      void this.return().catch(() => undefined);
      throw outcome.error;
    }
    this.#failure ??= outcome;
    return undefined;
  }

  #end(): IteratorResult<unknown, undefined> {
    this.#closed = true;
    this.#tell();
    const failure = this.#failure ?? this.#broken;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  /** Sends off as many chunks as may be under way. */
  async #fill(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#wantsItems() && this.#slots.length < this.#options.ahead) {
      const chunk: unknown[] = [];
      try {
        while (this.#wantsItems() && chunk.length < this.#options.chunkSize) {
          const step = this.#items.next();
          const { done, value } = isThenable(step) ? await step : step;
          if (done) this.#exhausted = true;
          else if (chunk.push(value) && ++this.#read % PAUSE === 0) await setImmediate();
        }
      } catch (error) {
        this.#exhausted = true;
        this.#broken ??= { error };
      }
      if (chunk.length > 0 && !this.#closed && !this.#ended) this.#send(chunk);
    }
    this.#reading = false;
    if (this.#exhausted) this.#wake?.();
    this.#tell();
  }

  #wantsItems(): boolean {
    return !this.#exhausted && !this.#closed;
  }

  #send(chunk: readonly unknown[]): void {
    const slot: Slot = {};
    this.#slots.push(slot);
    void this.#run(slot, chunk);
  }

  async #run(slot: Slot, chunk: readonly unknown[]): Promise<void> {
    try {
      slot.outcomes = await this.#options.run(chunk, this.#stop.signal);
    } catch (error) {
      slot.outcomes = chunk.map(() => ({ error }));
      this.end(error);
    }
    this.#wake?.();
    this.#tell();
  }

  #tell(): void {
    const ended = this.#exhausted && this.#slots.every(({ outcomes }) => outcomes !== undefined);
    if (this.#told || !(this.#closed || ended)) return;
    this.#told = true;
    this.#options.over?.(this);
  }
}

/** Anything that can be awaited: iterators of drivers give promises of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
