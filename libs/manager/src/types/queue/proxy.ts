import { remote } from '../../definition/index.js';
import { QueueShutDownError } from '../../protocol/index.js';

/** How long `put` and `get` wait. */
export interface QueueOptions {
  /** Whether to wait at all; without it the timeout is ignored. @default true */
  block?: boolean | undefined;
  /** Ms to wait; none or Infinity for ever. @default none */
  timeout?: number | undefined;
}

/** A queue as applications see it. */
export interface QueueClient<T> {
  /**
   * Puts an item at the end; where the queue is full, waits for space, in line with others. Items are copied; proxies in
   * them are held by the queue until they are taken out.
   *
   * @throws QueueFullError without `block`, or out of time; QueueShutDownError; RangeError for a negative timeout.
   */
  put(item: T, options?: QueueOptions): Promise<void>;
  /** As `put(item, { block: false })`. */
  putNowait(item: T): Promise<void>;
  /**
   * Takes the item at the head; where the queue is empty, waits for one, first come, first served. An item whose answer
   * reaches nobody who still waits is back at the head: aborting a `get`, or dying in it, loses nothing.
   *
   * @throws QueueEmptyError without `block`, or out of time; QueueShutDownError where nothing is left and nothing can
   * come; RangeError for a negative timeout.
   */
  get(options?: QueueOptions): Promise<T>;
  /** As `get({ block: false })`. */
  getNowait(): Promise<T>;
  /** Items in it now; those that are on their way to a consumer are not counted. */
  qsize(): Promise<number>;
  /** Whether there is none. */
  empty(): Promise<boolean>;
  /** Whether there is no space now; false where it has no bound. */
  full(): Promise<boolean>;
  /**
   * Says that the work on one item is done, for those who wait in `join()`.
   *
   * @throws RangeError where it was said for every item already.
   */
  taskDone(): Promise<void>;
  /** Waits until `taskDone()` was said for every item that was put. */
  join(): Promise<void>;
  /**
   * Nothing can be put from now on, and those who wait to are told. What is in the queue can still be got, unless
   * `immediate`: then it is dropped.
   */
  shutdown(immediate?: boolean): Promise<void>;
  /** Takes one item after the other, none ahead, until the queue is shut down. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
}

/** The members of queues that run in the application. */
export class QueueMembers {
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const queue = remote<{ get(): unknown }>(this);
    for (;;) {
      let item: unknown;
      try {
        item = await queue.get();
      } catch (error) {
        if (error instanceof QueueShutDownError) return;
        throw error;
      }
      yield item;
    }
  }
}
