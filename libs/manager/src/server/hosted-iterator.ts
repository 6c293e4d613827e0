import { findCall, runInCall, runInCallContext } from '../definition/index.js';
import { CallAbortedError, lightBytes, PayloadTooLargeError, snapshot } from '../protocol/index.js';
import type { Limits } from '../protocol/index.js';
import { Batch, type Carried } from './batch.js';
import type { Call } from './call.js';

/** What gives the items. */
interface Producer {
  next(...args: unknown[]): unknown;
  return?(value?: unknown): unknown;
  throw?(error?: unknown): unknown;
}

type Member = 'next' | 'return' | 'throw';

interface Step {
  readonly done: boolean;
  readonly value: unknown;
}

/** A step that came while nobody asked. The body may let go of what is in it, so it is taken at once. */
interface Held {
  readonly carried: Carried;
  /** Borrows what is shared in it. */
  readonly holder: Call;
}

/** What iterators need of their server. */
export interface IterationHost {
  readonly limits: Limits;
  /** What stands for a shared thing in an item, lent to `borrower`. */
  lend(value: object, borrower: Call, lent: Map<unknown, object>): object | undefined;
}

/** Ms that who closes a producer in the middle of an await waits for it: it may await something that never comes. */
const LAST_AWAIT = 100;
/** Ms after which such a producer has to do without what it used. */
const LAST_HOLD = 1000;
/** The most items that a pull is given. */
const ITEMS = 4096;
/** Levels of a message above an item, and bytes around it. */
const LEVELS = 3;
const BYTES = 64;
/** The most that a reference in an item takes beyond what stands for it while the item is measured. */
const REFERENCE_BYTES = 640;

const NOTHING: readonly unknown[] = [];

/**
 * An iterator in the hands of others: the object of the built-in type `Iterator`. The producer runs only while somebody
 * asks for items; requests are served one at a time. Its body is a part of the call that gave it: that one it sees as
 * `currentCall()`, and what it uses is held until it is closed.
 */
export class HostedIterator {
  /** The call that the body runs for; undefined where code of the server gave it outside of any. */
  readonly body: Call | undefined;
  readonly #source: object;
  readonly #host: IterationHost;
  #producer: Producer | undefined;
  /** The producer was asked, and has not answered. */
  #pending = false;
  #ready: Step | undefined;
  #held: Held | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** No further step comes: it ended, failed or was closed. */
  #over = false;
  #settled = false;
  /** The request that is being served. */
  #asking: Call | undefined;
  /** Tells it that something has come. */
  #wake: (() => void) | undefined;
  #busy = false;
  readonly #line: (() => void)[] = [];

  constructor(source: object, body: Call | undefined, host: IterationHost) {
    this.#source = source;
    this.body = body;
    this.#host = host;
  }

  /**
   * What the producer gives without a pause, within the bounds, but one item at least: `[items]`. The last items come as
   * `[items, true, value]` with what the producer gave at its end.
   */
  pull(maxItems: number, maxBytes: number): unknown {
    const call = findCall() as Call;
    return this.#inTurn(call, () => {
      const count = Math.min(Math.floor(maxItems), ITEMS) || 1;
      const bytes = Math.min(maxBytes, call.origin.answerBytes - BYTES) || 1;
      const batch = new Batch(count, bytes, (value) => this.#carry(value, call));
      return this.#filled(batch) ?? this.#wait(call, (tell) => this.#fillLater(batch, tell));
    });
  }

  /** The next item alone; `args` arrive in the generator. */
  next(...args: unknown[]): unknown {
    return this.#step('next', args);
  }

  /** Throws into the generator. */
  throw(error?: unknown): unknown {
    return this.#step('throw', [error]);
  }

  /** Ends the generator where it is; answers when it has cleaned up. */
  return(value?: unknown): unknown {
    if (!this.#busy && !this.#pending) return this.#step('return', [value]);
    if (this.#over) return { done: true, value };
    const call = findCall() as Call;
    const awaits = this.#pending;
    const closed = this.#close(value, call).then((given) => ({ done: true, value: given }));
    this.#wake?.();
    if (!awaits) return closed;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve({ done: true, value: undefined }), LAST_AWAIT);
      closed.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** Nobody holds it any more. */
  onSharedDispose(): Promise<unknown> | undefined {
    if (this.#over) return undefined;
    const closed = this.#close(undefined, undefined);
    this.#wake?.();
    return closed;
  }

  #step(member: Member, args: readonly unknown[]): unknown {
    const call = findCall() as Call;
    return this.#inTurn(call, () => {
      // What the generator receives it has until it is closed, like what the call received that gave it.
      if (args.length > 0 && this.body) call.passLoans(this.body);
      if (this.#over && !this.#failure) {
        if (member === 'throw') throw args[0];
        return { done: true, value: member === 'return' ? args[0] : undefined };
      }
      if (member !== 'next') this.#dropReady();
      if (!this.#ready && !this.#pending && !this.#failure) this.#within(() => this.#ask(member, args));
      const take = (): Step | undefined => (this.#pending && !this.#over ? undefined : this.#take(call));
      return take() ?? this.#wait(call, (tell) => this.#onWake(() => tell(take)));
    });
  }

  /** The step that is there. Throws what the producer threw. */
  #take(call: Call): Step {
    if (this.#failure) throw this.#failed();
    const step = this.#ready;
    if (!step) return { done: true, value: undefined };
    try {
      const { value } = this.#within(() => this.#carry(step.value, call));
      this.#taken();
      return { done: step.done, value };
    } catch (error) {
      if (!step.done) this.#abandon();
      throw error;
    } finally {
      if (step.done) this.#end();
    }
  }

  /** The answer, if the batch can be completed now. */
  #filled(batch: Batch): unknown {
    return this.#within(() => {
      while (!batch.full) {
        if (!this.#ready && !this.#failure) {
          if (this.#over) return batch.last();
          if (!this.#pending) this.#ask('next', NOTHING);
          if (this.#pending) return undefined;
        }
        if (this.#failure) {
          // What came before it arrives before it.
          if (!batch.empty) break;
          throw this.#failed();
        }
        const { done, value } = this.#ready as unknown as Step;
        try {
          if (!batch.add(value, done)) {
            this.#hold();
            break;
          }
        } catch (error) {
          this.#failure = { error };
          if (done) this.#end();
          else this.#abandon();
          continue;
        }
        this.#taken();
        if (!done) continue;
        this.#end();
        break;
      }
      return batch.answer();
    });
  }

  /** Goes on as items come, until the producer pauses for a turn of the event loop. */
  #fillLater(batch: Batch, tell: (take: () => unknown) => void): () => void {
    let pause: NodeJS.Immediate | undefined;
    const watch = (): void => {
      if (!batch.empty) pause ??= setImmediate(() => tell(() => batch.answer()));
    };
    this.#onWake(() =>
      tell(() => {
        const answer = this.#filled(batch);
        if (answer === undefined) watch();
        return answer;
      }),
    );
    watch();
    return () => clearImmediate(pause);
  }

  #onWake(wake: () => void): void {
    this.#wake = wake;
  }

  /** Waits until something can be taken; `begin` is told how to take it, and gives what is to be done in the end. */
  #wait(call: Call, begin: (tell: (take: () => unknown) => void) => (() => void) | void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = call;
      const stop = (): void => {
        this.#wake = undefined;
        signal.removeEventListener('abort', abort);
        end?.();
      };
      // Who asked went away: what is still to come is for the next one.
      const abort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const end = begin((take) => {
        try {
          const taken = take();
          if (taken === undefined) return;
          stop();
          resolve(taken);
        } catch (error) {
          stop();
          reject(error as Error);
        }
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** One request at a time, in the order in which they came. */
  #inTurn(call: Call, run: () => unknown): unknown {
    if (this.#busy) {
      return new Promise((resolve, reject) => {
        this.#line.push(() => {
          try {
            if (call.cancelled) throw call.signal.reason;
            resolve(this.#inTurn(call, run));
          } catch (error) {
            reject(error as Error);
          }
        });
      });
    }
    this.#asking = call;
    const result = run();
    if (!(result instanceof Promise)) return result;
    this.#busy = true;
    const goOn = (): void => {
      this.#busy = false;
      while (!this.#busy && this.#line.length > 0) this.#line.shift()?.();
    };
    result.then(goOn, goOn);
    return result;
  }

  /** Runs the producer's code. */
  #within<R>(run: () => R): R {
    const { body } = this;
    if (!body) return run();
    const asking = this.#asking;
    // What it calls is called for whoever asks: an object that is serial, and waits for the item, does not block that.
    body.parent = asking && !body.leadsTo(asking) ? asking : undefined;
    return (body.target?.type.context ? runInCallContext : runInCall)(body, run);
  }

  /** Lets the producer go on. What comes of it stands in `ready`, `failure` or `pending`. */
  #ask(member: Member, args: readonly unknown[]): void {
    // What it disposed of while it made the last item was held for that item.
    this.body?.endLoans();
    try {
      const producer = (this.#producer ??= producerOf(this.#source));
      const method = producer[member];
      if (typeof method === 'function') {
        const result: unknown = args.length === 0 ? producer.next() : Reflect.apply(method, producer, args);
        if (isThenable(result)) void this.#await(result, (value) => this.#came(value), false);
        else this.#came(result);
      } else if (member === 'return') this.#ready = { done: true, value: args[0] };
      else {
        this.#abandon();
        throw new TypeError('The iterator has no throw(), and was closed.');
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #came(result: unknown): void {
    if (typeof result !== 'object' || result === null) {
      throw new TypeError(`The iterator gave ${String(result)}, which is no result of an iterator.`);
    }
    const { done, value } = result as { done?: unknown; value?: unknown };
    const step = (item: unknown): Step => ({ done: Boolean(done), value: item });
    if (!isThenable(value)) this.#ready = step(value);
    else void this.#await(value, (item) => (this.#ready = step(item)), !done);
  }

  /** `foreign`: a failure is not the producer's own, so that it has to be closed. */
  async #await(promise: PromiseLike<unknown>, then: (value: unknown) => void, foreign: boolean): Promise<void> {
    this.#pending = true;
    let failed = false;
    let result: unknown;
    try {
      result = await promise;
    } catch (error) {
      failed = true;
      result = error;
    }
    this.#pending = false;
    // Closed meanwhile: an error is how it got out of what it awaited.
    if (this.#over) return;
    try {
      if (failed) throw result;
      then(result);
    } catch (error) {
      if (failed && foreign) this.#abandon();
      this.#fail(error);
    }
    if (this.#pending) return;
    if (this.#wake) this.#wake();
    else this.#hold();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    if (!this.#over) this.#end();
  }

  #failed(): unknown {
    const { error } = this.#failure as { error: unknown };
    this.#failure = undefined;
    return error;
  }

  /** The producer ended by itself. */
  #end(): void {
    this.#over = true;
    this.#letGo();
    this.#settle();
  }

  /** Closes the producer for what it gave. Who asked is told of that, and not of how it took it. */
  #abandon(): void {
    this.#close(undefined, undefined).catch(() => undefined);
  }

  /** Resolves when the producer has cleaned up, with what it gave for `call`. */
  async #close(value: unknown, call: Call | undefined): Promise<unknown> {
    this.#over = true;
    this.#dropReady();
    this.#asking = undefined;
    this.#letGo();
    const producer = this.#producer ?? neverAsked(this.#source);
    let timer: NodeJS.Timeout | undefined;
    if (this.#pending) {
      // There is no other way to reach it in the middle of an await.
      this.body?.cancel(closed());
      timer = setTimeout(() => this.#settle(), LAST_HOLD).unref();
    }
    try {
      const result = await (producer?.return && this.#within(() => producer.return?.(value)));
      const given: unknown = await (result as { value?: unknown } | undefined)?.value;
      return call && !call.ended ? this.#carry(given, call).value : undefined;
    } finally {
      clearTimeout(timer);
      this.#settle();
    }
  }

  /** What it keeps is lent to the body from here on, for as long as that needs to clean up. */
  #letGo(): void {
    const { body } = this;
    if (body) body.whole?.over(body);
  }

  #settle(): void {
    const { body } = this;
    if (!body || this.#settled) return;
    this.#settled = true;
    body.ended = true;
    body.settleLoans();
    body.cancel(closed());
  }

  #hold(): void {
    const { body } = this;
    const step = this.#ready;
    if (!body || !step || this.#held || lightBytes(step.value) !== undefined) return;
    const holder = body.part();
    try {
      this.#held = { carried: this.#within(() => this.#carry(step.value, holder)), holder };
    } catch (error) {
      holder.endLoans();
      this.#failure = { error };
      if (step.done) this.#end();
      else this.#abandon();
    }
  }

  /** The step that was there is part of the answer to who asks. */
  #taken(): void {
    this.#ready = undefined;
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    if (this.#asking) held.holder.passLoans(this.#asking);
    held.holder.endLoans();
  }

  #dropReady(): void {
    this.#ready = undefined;
    this.#held?.holder.endLoans();
    this.#held = undefined;
  }

  /** A value as it is now: the body may change it, or let go of what is shared in it, when it goes on. */
  #carry(value: unknown, call: Call): Carried {
    if (this.#held) return this.#held.carried;
    if (value === undefined || lightBytes(value) !== undefined) return { value, bytes: 3 };
    const most = call.origin.answerBytes - BYTES;
    const limits = { depth: this.#host.limits.depth - LEVELS, messageBytes: most };
    let lent: Map<unknown, object> | undefined;
    const lend = (object: object): object | undefined => this.#host.lend(object, call, (lent ??= new Map()));
    const taken = snapshot(value, limits, lend, 'item');
    const bytes = taken.bytes + (lent?.size ?? 0) * REFERENCE_BYTES;
    if (bytes <= most) return { value: taken.value, bytes };
    throw new PayloadTooLargeError(`An item of an iterator takes ${bytes} bytes, and a message has at most ${most}.`);
  }
}

function closed(): CallAbortedError {
  return new CallAbortedError('The iterator was closed.');
}

function producerOf(source: object): Producer {
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const open: unknown = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
  const producer: unknown = typeof open === 'function' ? Reflect.apply(open, source, []) : source;
  if (typeof (producer as Partial<Producer> | null)?.next === 'function') return producer as Producer;
  throw new TypeError('What was to be iterated gave no iterator.');
}

/** An iterator that nobody has asked may have something to clean up all the same; an iterable has not been opened. */
function neverAsked(source: object): Producer | undefined {
  return typeof (source as Partial<Producer>).next === 'function' ? (source as Producer) : undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
