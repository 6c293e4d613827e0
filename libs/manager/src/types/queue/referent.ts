import { inspect } from 'node:util';
import {
  client,
  currentCall,
  debugState,
  holdWithin,
  releaseWithin,
  SharedType,
  type CallContext,
} from '../../definition/index.js';
import { QueueEmptyError, QueueFullError, QueueShutDownError } from '../../protocol/index.js';
import { waitingTime } from '../support/durations.js';
import { WaitingLine } from '../support/waiting-line.js';
import { QueueItems, type Entry } from './items.js';
import { QueueMembers, type QueueClient, type QueueOptions } from './proxy.js';

/**
 * First in, first out, between all applications: Python's `Queue`, `JoinableQueue` included. What is taken is never lost:
 * it belongs to the consumer once its answer was acknowledged, and is back at the head otherwise.
 *
 * @example
 * ```ts
 * const jobs = await manager.named('jobs').queue<Job>(100);
 * await jobs.put({ id: 1 });
 * for await (const job of jobs) {
 *   await run(job);
 *   await jobs.taskDone();
 * }
 * ```
 */
@SharedType({ typeid: 'queue', waits: ['put', 'get', 'join'], proxy: () => QueueMembers })
export class Queue<T = unknown> {
  declare readonly [client]?: QueueClient<T>;
  readonly #maxSize: number;
  readonly #items = new QueueItems<T>();
  /** On their way to a consumer: the queue still holds them. */
  readonly #handedOver = new Set<Entry<T>>();
  readonly #getters = new WaitingLine<T>();
  readonly #putters = new WaitingLine<void, T>();
  readonly #joiners = new WaitingLine<void>();
  /** Items that were put, and for which `taskDone` was not said. */
  #unfinished = 0;
  #shutDown: 'no' | 'draining' | 'immediate' = 'no';

  /** @param maxSize how many items it holds before `put` waits; 0 or less for no bound. */
  constructor(maxSize = 0) {
    if (typeof maxSize !== 'number' || Number.isNaN(maxSize)) {
      throw new TypeError(`The size of a queue is a number of items, got ${inspect(maxSize, { depth: 0 })}.`);
    }
    this.#maxSize = maxSize > 0 ? maxSize : Infinity;
  }

  put(item: T, options?: QueueOptions): void | Promise<void> {
    const { block, timeout } = waitOptions(options, 'put()');
    if (this.#shutDown !== 'no') throw shutDownError('put');
    if (this.#items.size < this.#maxSize) return this.#enqueue(item);
    const full = (): never => {
      throw new QueueFullError(`put() found the queue full: it holds ${this.#items.size} items.`, { method: 'put' });
    };
    if (!block || timeout === 0) return full();
    return this.#putters.join(currentCall(), item, { timeout, timedOut: full });
  }

  putNowait(item: T): void {
    void this.put(item, { block: false });
  }

  get(options?: QueueOptions): T | Promise<T> {
    const { block, timeout } = waitOptions(options, 'get()');
    const call = currentCall();
    if (this.#items.size > 0) return this.#handOver(call);
    if (this.#over) throw shutDownError('get');
    const empty = (): never => {
      throw new QueueEmptyError('get() found the queue empty.', { method: 'get' });
    };
    if (!block || timeout === 0) return empty();
    return this.#getters.join(call, undefined, { timeout, timedOut: empty });
  }

  getNowait(): T | Promise<T> {
    return this.get({ block: false });
  }

  qsize(): number {
    return this.#items.size;
  }

  empty(): boolean {
    return this.#items.size === 0;
  }

  full(): boolean {
    return this.#items.size >= this.#maxSize;
  }

  taskDone(): void {
    if (this.#unfinished === 0) throw new RangeError('taskDone() was called more often than items were put.');
    this.#finished(1);
  }

  join(): void | Promise<void> {
    if (this.#unfinished === 0) return;
    return this.#joiners.join(currentCall(), undefined, { timeout: undefined, timedOut: () => undefined });
  }

  shutdown(immediate: boolean = false): void {
    if (this.#shutDown === 'immediate') return;
    this.#shutDown = immediate ? 'immediate' : 'draining';
    for (const putter of this.#putters.all()) putter.fail(shutDownError('put'));
    if (immediate) {
      const dropped = this.#items.all();
      for (const { item } of dropped) releaseWithin(item);
      this.#finished(dropped.length);
    }
    this.#endGetters();
  }

  [debugState](): Record<string, unknown> {
    return {
      size: this.#items.size,
      ...(this.#maxSize !== Infinity && { maxSize: this.#maxSize }),
      handedOver: this.#handedOver.size,
      unfinished: this.#unfinished,
      getters: this.#getters.size,
      putters: this.#putters.size,
      joiners: this.#joiners.size,
      shutDown: this.#shutDown !== 'no',
    };
  }

  /** Nothing is there, nothing can come, and nothing can come back. */
  get #over(): boolean {
    if (this.#shutDown === 'immediate') return true;
    return this.#shutDown === 'draining' && this.#items.size === 0 && this.#handedOver.size === 0;
  }

  #enqueue(item: T): void {
    this.#items.add(holdWithin(item, this));
    this.#unfinished++;
    this.#serve();
  }

  #handOver(call: CallContext): T {
    const entry = this.#items.take();
    this.#handedOver.add(entry);
    call.onUndelivered(() => this.#comeBack(entry));
    call.onDelivered(() => {
      this.#handedOver.delete(entry);
      releaseWithin(entry.item);
      this.#endGetters();
    });
    while (this.#items.size < this.#maxSize) {
      const putter = this.#putters.next();
      if (!putter) break;
      this.#enqueue(putter.data);
      putter.settle();
    }
    return entry.item;
  }

  #comeBack(entry: Entry<T>): void {
    this.#handedOver.delete(entry);
    if (this.#shutDown === 'immediate') {
      releaseWithin(entry.item);
      return this.#finished(1);
    }
    this.#items.putBack(entry);
    this.#serve();
  }

  #serve(): void {
    while (this.#items.size > 0) {
      const getter = this.#getters.next();
      if (!getter) return;
      getter.settle(this.#handOver(getter.call));
    }
  }

  #finished(count: number): void {
    this.#unfinished -= Math.min(count, this.#unfinished);
    if (this.#unfinished === 0) for (const joiner of this.#joiners.all()) joiner.settle();
  }

  #endGetters(): void {
    if (this.#over) for (const getter of this.#getters.all()) getter.fail(shutDownError('get'));
  }
}

function waitOptions(options: unknown, of: string): { block: boolean; timeout: number | undefined } {
  if (options === undefined || options === null) return { block: true, timeout: undefined };
  if (typeof options !== 'object') {
    throw new TypeError(`${of} takes options, { block, timeout }, got ${inspect(options, { depth: 0 })}.`);
  }
  const { block = true, timeout } = options as Record<string, unknown>;
  if (typeof block !== 'boolean') {
    throw new TypeError(`The option \`block\` of ${of} is true or false, got ${inspect(block, { depth: 0 })}.`);
  }
  return { block, timeout: block ? waitingTime(timeout, of) : undefined };
}

function shutDownError(method: 'get' | 'put'): QueueShutDownError {
  return new QueueShutDownError(`${method}() came to a queue that was shut down.`, { method });
}
