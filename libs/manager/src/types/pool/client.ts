import type { Received, SharedProxy } from '../../definition/index.js';
import type { AsyncResult } from '../asyncResult/referent.js';
import type { Items } from '../support/operands.js';

/** Tasks of which nothing is known: any name, any arguments. */
export type AnyTasks = Record<string, (...args: unknown[]) => unknown>;

/** The names of the functions that a module exports. */
export type TaskName<M> = {
  [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never;
}[keyof M] &
  string;
/** The arguments of a task. */
export type TaskArgs<M, K extends keyof M> = M[K] extends (...args: infer A) => unknown ? A : never;
/** What a task gives, as it arrives in an application. */
export type TaskResult<M, K extends keyof M> = M[K] extends (...args: never[]) => infer R
  ? Received<Awaited<R>>
  : unknown;

/** What a pool is made with. */
export interface PoolOptions {
  /**
   * The module whose exported functions are the tasks: a `file:` URL or a path of the server, relative to the first of the
   * directories that its option `pools.modules` allows.
   */
  tasks: string | URL;
}

/** How many items are run at a time. */
export interface MapOptions {
  /** Items that a thread is given at once: more of them cost less each, and are lost together with it. @default 1 */
  chunkSize?: number | undefined;
}

/** How far ahead of its reader an iterator of results is. */
export interface ImapOptions extends MapOptions {
  /** Chunks under way, or done and not yet read, at most. @default twice the size of the pool */
  ahead?: number | undefined;
  /**
   * Gives for each item what became of it, `{ status: 'fulfilled', value }` or `{ status: 'rejected', reason }`, so that no
   * failure ends the iteration. @default false
   */
  settled?: boolean | undefined;
}

/** What `imap` takes: data and proxies as elsewhere, and whatever can be iterated in the application, which is read as it goes. */
export type TaskStreamInput<T> = Items<T> | AsyncIterable<T>;

/** The first argument of a task. */
type Item<M, K extends keyof M> = TaskArgs<M, K>[0];
/** Results, as they are iterated. */
type Results<T> = AsyncIterableIterator<T, undefined, undefined>;

/** A pool as applications see it. `M` is the type of the module of its tasks, `typeof import('./tasks.js')`. */
export interface PoolClient<M = AnyTasks> {
  /**
   * Runs a task in the next thread that is free, and waits for its result. A signal or timeout (`manager.with`) that ends
   * the call takes the task out of the line, or stops the thread that runs it.
   *
   * @throws what the task threw; RangeError where there is no such task; WorkerLostError where its thread died; StateError
   * where the pool is closed or terminated; EncodingError for arguments that cannot be carried, proxies among them.
   */
  apply<K extends TaskName<M>>(task: K, args?: TaskArgs<M, K>): Promise<TaskResult<M, K>>;
  /**
   * The same without waiting. What comes of it is in the AsyncResult, whose proxy may go to other applications. There is no
   * callback, since functions do not travel: wait for `get()`.
   */
  applyAsync<K extends TaskName<M>>(
    task: K,
    args?: TaskArgs<M, K>,
  ): Promise<SharedProxy<AsyncResult<TaskResult<M, K>>>>;
  /**
   * Runs a task with each item as its argument; the results in the order of the items. Where some fail, it fails with the
   * error of the first of these, after all have run.
   *
   * @throws as `apply`; TypeError where the items are no data that can be iterated.
   */
  map<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options?: MapOptions,
  ): Promise<TaskResult<M, K>[]>;
  /** The same without waiting. */
  mapAsync<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options?: MapOptions,
  ): Promise<SharedProxy<AsyncResult<TaskResult<M, K>[]>>>;
  /** As `map`, where each item is the list of all arguments. */
  starmap<K extends TaskName<M>>(
    task: K,
    argsOfEach: TaskStreamInput<TaskArgs<M, K>>,
    options?: MapOptions,
  ): Promise<TaskResult<M, K>[]>;
  /** The same without waiting. */
  starmapAsync<K extends TaskName<M>>(
    task: K,
    argsOfEach: TaskStreamInput<TaskArgs<M, K>>,
    options?: MapOptions,
  ): Promise<SharedProxy<AsyncResult<TaskResult<M, K>[]>>>;
  /**
   * As `map`, for `for await`: results come in the order of the items as soon as they are there, and no more is run ahead of
   * the reader than `ahead` says. It begins at once, and ends at the first error, or when the loop is left: then what still
   * runs for it is stopped. Items that are iterated by code of their own, such as a generator, stay in the application and
   * are read as they are needed.
   */
  imap<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options: ImapOptions & { settled: true },
  ): Promise<Results<PromiseSettledResult<TaskResult<M, K>>>>;
  imap<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options?: ImapOptions,
  ): Promise<Results<TaskResult<M, K>>>;
  /** As `imap`, with results in the order in which they are ready. The first error comes after all of them. */
  imapUnordered<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options: ImapOptions & { settled: true },
  ): Promise<Results<PromiseSettledResult<TaskResult<M, K>>>>;
  imapUnordered<K extends TaskName<M>>(
    task: K,
    items: TaskStreamInput<Item<M, K>>,
    options?: ImapOptions,
  ): Promise<Results<TaskResult<M, K>>>;
  /** How many threads it has at most. */
  size(): Promise<number>;
  /** Takes no more work. What was taken is done, iterations to their end included; then the threads end. */
  close(): Promise<void>;
  /** Stops the threads, whatever they do; all that waits or runs fails with a StateError. Resolves when they are gone. */
  terminate(): Promise<void>;
  /**
   * Waits until all work is done and the threads have ended.
   *
   * @throws StateError where the pool was neither closed nor terminated.
   */
  join(): Promise<void>;
}
