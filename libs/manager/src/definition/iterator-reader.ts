import { CallAbortedError, ConfigurationError, ManagerError } from '../protocol/errors.js';
import type { Handle } from './handle.js';
import { releaseWithin } from './release-within.js';

/** Items that the first pull asks for. A reader that is faster than what comes asks for more, up to the most. */
const FIRST = 16;
const MOST = 1024;
/** Bytes that one pull asks for. */
const BYTES = 256 * 1024;

/** What a pull was answered, in the order in which they were asked. */
interface Pull {
  /** Items that it asked for. */
  readonly count: number;
  items?: unknown[];
  /** There is nothing behind its items; this is what the iterator gave at its end. */
  end?: { readonly value: unknown };
  failure?: { readonly error: unknown };
}

interface Waiting {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: unknown): void;
}

/**
 * Reads an iterator of a server for `for await`: in batches, and two of them ahead at most, so that a producer is no further
 * ahead of a slow consumer.
 */
export class IteratorReader implements AsyncGenerator<unknown, unknown, undefined> {
  readonly #handle: Handle;
  /** Not to be collected while this is in use: the reference goes with its proxy. */
  readonly anchors: readonly object[];
  #items: unknown[] = [];
  #at = 0;
  readonly #pulls: Pull[] = [];
  readonly #waiting: Waiting[] = [];
  #count = FIRST;
  /** The producer filled the last batch: it gives more than is asked for. */
  #plenty = false;
  #over = false;

  constructor(handle: Handle, anchors: readonly object[]) {
    this.#handle = handle;
    this.anchors = anchors;
    // Weakly: the collector's net under the proxy has hold of the handle, and must not have hold of the proxy.
    const weakly = new WeakRef(this);
    const drop = (): void => {
      const reader = weakly.deref();
      if (reader) reader.#drop();
    };
    handle.releasing.listen(drop);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(...[value]: [] | [unknown]): Promise<IteratorResult<unknown>> {
    if (value !== undefined) {
      return Promise.reject(
        new ConfigurationError(
          'next(value) cannot reach a generator that is read ahead, as by `for await`: call next(value) of the proxy itself.',
        ),
      );
    }
    if (this.#waiting.length === 0 && this.#at < this.#items.length) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Closes the producer; resolves when it has cleaned up. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    const result = { done: true as const, value: await value };
    if (this.#over) return result;
    this.#over = true;
    this.#drop();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined });
    try {
      const answer = await this.#handle.call('return', value === undefined ? [] : [result.value]);
      return { done: true, value: (answer as { value: unknown }).value };
    } catch (error) {
      // What was not said by the producer is that it cannot be reached: it is closed then.
      if (!(error instanceof ManagerError) || error.fate === 'executed') throw error;
      return result;
    } finally {
      this.#handle.done();
    }
  }

  /** The producer is ahead, and not where the consumer is: it is closed, and the consumer has the error. */
  async throw(error: unknown): Promise<never> {
    try {
      await this.return();
    } catch {
      // What went wrong while it was closed comes second.
    }
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #take(): IteratorResult<unknown> {
    const value = this.#items[this.#at];
    this.#items[this.#at++] = undefined;
    return { done: false, value };
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      if (this.#at < this.#items.length) (this.#waiting.shift() as Waiting).resolve(this.#take());
      else if (this.#over) (this.#waiting.shift() as Waiting).resolve({ done: true, value: undefined });
      else if (!this.#turn()) break;
    }
    this.#ask();
  }

  /** Goes on to the next batch, or to the end; false while that is not there yet. */
  #turn(): boolean {
    const [pull] = this.#pulls;
    if (pull?.failure) {
      this.#finish();
      (this.#waiting.shift() as Waiting).reject(pull.failure.error);
    } else if (pull?.items && pull.items.length > 0) {
      this.#items = pull.items;
      this.#at = 0;
      this.#plenty = pull.items.length >= pull.count;
      if (pull.end) pull.items = [];
      else this.#pulls.shift();
    } else if (pull?.end) {
      this.#finish();
      (this.#waiting.shift() as Waiting).resolve({ done: true, value: pull.end.value });
    } else if (pull?.items) this.#pulls.shift();
    else return false;
    return true;
  }

  /** Asks for what comes next, as far ahead as it may. */
  #ask(): void {
    if (this.#over || this.#pulls.some(({ end, failure }) => end ?? failure)) return;
    while (this.#pulls.length < (this.#plenty ? 2 : 1)) {
      const pull: Pull = { count: this.#count };
      this.#pulls.push(pull);
      void this.#pull(pull);
    }
  }

  async #pull(pull: Pull): Promise<void> {
    try {
      const answer = (await this.#asked(pull.count)) as [unknown[], boolean | undefined, unknown];
      const [items, end, value] = answer;
      if (this.#over) return releaseWithin(answer);
      pull.items = items;
      if (end) pull.end = { value };
      // It came late, and brought all that was asked for: more can be had at a time.
      if (this.#waiting.length > 0 && items.length >= this.#count) this.#count = Math.min(this.#count * 2, MOST);
    } catch (error) {
      pull.failure = { error };
    }
    if (!this.#over) this.#serve();
  }

  async #asked(count: number): Promise<unknown> {
    const { signal } = this.#handle.options;
    if (!signal?.aborted) return this.#handle.call('pull', [count, BYTES]);
    const details = { cause: signal.reason, fate: 'not-executed' } as const;
    throw new CallAbortedError('The iteration was ended by its signal.', details);
  }

  /** Nobody is going to take what was read ahead. */
  #drop(): void {
    releaseWithin(this.#items.splice(this.#at));
    for (const pull of this.#pulls) if (pull.items) releaseWithin(pull.items.splice(0));
  }

  #finish(): void {
    this.#over = true;
    this.#drop();
    this.#handle.done();
  }
}
