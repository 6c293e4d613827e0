import { availableParallelism } from 'node:os';
import {
  client,
  currentCall,
  debugState,
  isProxy,
  ITERATOR,
  SharedType,
  type CallContext,
} from '../../definition/index.js';
import { encodeData, EncodingError, StateError, type Limits } from '../../protocol/index.js';
import { AsyncResult } from '../asyncResult/referent.js';
import { checkCount } from '../support/count.js';
import { itemsOf, typeidOfProxy, withCopies } from '../support/operands.js';
import { checkOptions } from '../support/options.js';
import { resultOf, type Outcome } from '../support/outcome.js';
import { shown } from '../support/shown.js';
import { WaitingLine } from '../support/waiting-line.js';
import type { AnyTasks, ImapOptions, MapOptions, PoolClient, PoolOptions } from './client.js';
import type { PoolHost } from './host.js';
import { PoolJob } from './job.js';
import { areLight, type Arguments } from './messages.js';
import { aheadOf, checkImap, checkMap } from './options.js';
import { PoolMembers } from './proxy.js';
import { runAll } from './run-all.js';
import { taskModule } from './task-module.js';
import { TaskStream } from './task-stream.js';
import { Threads, valueOf } from './threads.js';

/** What a task is to be called with: once for each of these. */
type Lists = readonly (readonly unknown[])[];

/**
 * Worker threads of the server that run the functions of one module: Python's `Pool`, with tasks named by the exports of a
 * module in place of functions that travel.
 *
 * @example
 * ```ts
 * const pool = await manager.pool<typeof import('./tasks.js')>(4, { tasks: new URL('./tasks.js', import.meta.url) });
 * await pool.apply('thumbnail', [image]);
 * for await (const page of await pool.imap('render', pages)) await store(page);
 * ```
 */
@SharedType({ typeid: 'pool', waits: ['apply', 'map', 'starmap', 'terminate', 'join'], proxy: () => PoolMembers })
export class Pool<M = AnyTasks> {
  declare readonly [client]?: PoolClient<M>;
  readonly #size: number;
  #threads: Threads | undefined;
  #limits!: Limits;
  /** Gives the threads back to the server. */
  #free: () => void = () => undefined;
  /** Work that was taken and is not done. */
  #jobs = 0;
  #closed = false;
  #ended = false;
  readonly #streams = new Set<TaskStream>();
  readonly #joiners = new WaitingLine<void>();

  /**
   * @param size how many threads it has at most; as many as the server's machine has processors, if it is not given.
   * @param options the module of the tasks. `manager.pool()` takes a URL, too; arguments elsewhere travel as they are, and
   * have its `href`.
   */
  constructor(size?: number, options?: PoolOptions & { tasks: string }) {
    checkOptions(options, ['tasks'], 'pool');
    this.#size = checkCount(size ?? availableParallelism(), 1, 'The size of a pool');
  }

  /** Makes a pool in a server. Here since a constructor cannot wait for the module of the tasks to be loaded. */
  static async open(host: PoolHost, size: unknown, options: unknown): Promise<Pool> {
    const { signal, logger } = currentCall();
    const pool = new Pool(size as number, options as PoolOptions & { tasks: string });
    const free = host.reserve(pool.#size);
    try {
      const module = await taskModule((options as PoolOptions | undefined)?.tasks, host.modules);
      const { limits, settings } = host;
      pool.#limits = limits;
      pool.#threads = await Threads.open({ size: pool.#size, module, limits, logger, ...settings }, signal);
      pool.#free = free;
      return pool;
    } catch (error) {
      free();
      throw error;
    }
  }

  apply(task: string, args?: readonly unknown[]): Promise<unknown> {
    const { signal } = currentCall();
    return this.#apply('apply', task, args, signal);
  }

  applyAsync(task: string, args?: readonly unknown[]): AsyncResult {
    return new AsyncResult(this.#apply('applyAsync', task, args, undefined));
  }

  map(task: string, items: unknown, options?: MapOptions): Promise<unknown[]> {
    const call = currentCall();
    return this.#withItems('map', task, items, options, (each, run) => run(each.map(alone), call));
  }

  mapAsync(task: string, items: unknown, options?: MapOptions): Promise<AsyncResult> {
    return this.#withItems(
      'mapAsync',
      task,
      items,
      options,
      async (each, run) => new AsyncResult(run(each.map(alone))),
    );
  }

  starmap(task: string, argsOfEach: unknown, options?: MapOptions): Promise<unknown[]> {
    const call = currentCall();
    return this.#withItems('starmap', task, argsOfEach, options, (each, run) => run(each.map(spread('starmap')), call));
  }

  starmapAsync(task: string, argsOfEach: unknown, options?: MapOptions): Promise<AsyncResult> {
    const lists = spread('starmapAsync');
    return this.#withItems('starmapAsync', task, argsOfEach, options, async (each, run) => {
      return new AsyncResult(run(each.map(lists)));
    });
  }

  imap(task: string, items: unknown, options?: ImapOptions): TaskStream | Promise<TaskStream> {
    return this.#stream('imap', task, items, options);
  }

  imapUnordered(task: string, items: unknown, options?: ImapOptions): TaskStream | Promise<TaskStream> {
    return this.#stream('imapUnordered', task, items, options);
  }

  /** For `imap` and `imapUnordered` of applications whose items do not travel: see PoolMembers. */
  openJob(task: string, member: 'imap' | 'imapUnordered'): PoolJob {
    const name = this.#taskOf(task, member === 'imap' ? member : 'imapUnordered');
    this.#jobs++;
    return new PoolJob({
      run: async (items, signal) => {
        const outcomes = await this.#run(name, items.map(alone), signal);
        const over = this.#threads?.over;
        if (over && outcomes.some((outcome) => 'error' in outcome)) throw over;
        return outcomes;
      },
      over: () => this.#jobDone(),
    });
  }

  size(): number {
    return this.#size;
  }

  close(): void {
    this.#closed = true;
    this.#endIfDone();
  }

  async terminate(): Promise<void> {
    this.#closed = true;
    await this.#end(new StateError('The pool was terminated before the work was done.'));
  }

  join(): void | Promise<void> {
    if (!this.#closed) throw new StateError('join() was called on a pool that is still open. Call close() before it.');
    if (this.#ended) return;
    return this.#joiners.join(currentCall(), undefined, { timeout: undefined, timedOut: () => undefined });
  }

  onSharedDispose(): Promise<void> {
    this.#closed = true;
    return this.#end(new StateError('The pool is gone: nobody held it any more before the work was done.'));
  }

  [debugState](): Record<string, unknown> {
    return {
      size: this.#size,
      active: this.#threads?.running ?? 0,
      queued: this.#threads?.queued ?? 0,
      jobs: this.#jobs,
      state: this.#ended ? 'ended' : this.#closed ? 'closed' : 'open',
      tasks: [...(this.#threads?.names ?? [])],
    };
  }

  /** Throws at once what the caller did wrong. */
  #apply(member: string, name: unknown, args: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const task = this.#taskOf(name, member);
    const list = args === undefined || args === null ? [] : spread(member)(args);
    return this.#work(async () => {
      const [outcome] = await this.#run(task, [list], signal);
      return resultOf(outcome as Outcome);
    });
  }

  /** Checks the arguments of `member`, and gives `then` the items and what runs the task for all of these lists. */
  #withItems<R>(
    member: string,
    name: unknown,
    items: unknown,
    options: unknown,
    then: (each: readonly unknown[], run: (lists: Lists, call?: CallContext) => Promise<unknown[]>) => Promise<R>,
  ): Promise<R> {
    const task = this.#taskOf(name, member);
    const { chunkSize } = checkMap(options, member);
    const run = (lists: Lists, call?: CallContext): Promise<unknown[]> => {
      const signal = call?.signal;
      return this.#work(() =>
        runAll(lists, {
          chunkSize,
          ahead: aheadOf(this.#size),
          run: (chunk) => this.#run(task, chunk as Lists, signal),
          ended: () => {
            if (signal?.aborted) return { reason: signal.reason };
            const over = this.#threads?.over;
            return over && { reason: over };
          },
        }),
      );
    };
    const started = withCopies([items], member, ([all]) => {
      this.#expectOpen(member);
      return then(itemsOf(all, member), run);
    });
    return Promise.resolve(started);
  }

  #stream(
    member: 'imap' | 'imapUnordered',
    name: unknown,
    items: unknown,
    options: unknown,
  ): TaskStream | Promise<TaskStream> {
    const task = this.#taskOf(name, member);
    const { ahead = aheadOf(this.#size), ...rest } = checkImap(options, member);
    const open = (source: Iterable<unknown> | AsyncIterable<unknown>): TaskStream => {
      this.#expectOpen(member);
      let over = false;
      this.#jobs++;
      const stream = new TaskStream(source, {
        ...rest,
        ahead,
        ordered: member === 'imap',
        run: (chunk, signal) => this.#run(task, chunk.map(alone), signal),
        over: (ended) => {
          over = true;
          this.#streams.delete(ended);
          this.#jobDone();
        },
      });
      if (!over) this.#streams.add(stream);
      return stream;
    };
    // An iterator is read as it goes; it lasts as long as what this call gives.
    if (isProxy(items) && typeidOfProxy(items) === ITERATOR) return open(items as unknown as AsyncIterable<unknown>);
    return withCopies([items], member, ([all]) => open(itemsOf(all, member)));
  }

  /** Runs the task in one thread for each of these lists. Never rejects. */
  async #run(task: string, lists: Lists, signal: AbortSignal | undefined): Promise<Outcome[]> {
    const outcomes = Array.from<Outcome>({ length: lists.length });
    const runs: Arguments[] = [];
    const places: number[] = [];
    for (const [place, list] of lists.entries()) {
      try {
        runs.push(this.#arguments(list));
        places.push(place);
      } catch (error) {
        outcomes[place] = { error };
      }
    }
    if (runs.length === 0) return outcomes;
    let answers: Awaited<ReturnType<Threads['run']>> | undefined;
    let failure: unknown;
    try {
      answers = await (this.#threads as Threads).run({ task, runs }, signal);
    } catch (error) {
      failure = error;
    }
    for (const [index, place] of places.entries()) {
      try {
        if (!answers) throw failure;
        outcomes[place] = { value: valueOf(answers[index]) };
      } catch (error) {
        outcomes[place] = { error };
      }
    }
    return outcomes;
  }

  #arguments(args: readonly unknown[]): Arguments {
    if (areLight(args)) return { args };
    const limits = { depth: this.#limits.depth, messageBytes: Infinity };
    return { bytes: encodeData(args, limits, 'args', refuseProxy) };
  }

  #taskOf(name: unknown, member: string): string {
    this.#expectOpen(member);
    if (typeof name !== 'string') {
      throw new TypeError(`${member}() takes the name of a task, an export of the pool’s module, got ${shown(name)}.`);
    }
    const { names } = this.#threads as Threads;
    if (names.has(name)) return name;
    throw new RangeError(
      `${member}(): the pool has no task ${shown(name)}. Its module exports: ${[...names].join(', ')}.`,
    );
  }

  #expectOpen(member: string): void {
    if (!this.#threads) {
      throw new StateError(
        `${member}() was called on a pool that was made by \`new\`, without threads: manager.pool().`,
      );
    }
    if (this.#closed || this.#threads.over) {
      throw new StateError(`${member}() was called on a pool that is closed. Make another one.`);
    }
  }

  async #work<R>(run: () => Promise<R>): Promise<R> {
    this.#jobs++;
    try {
      return await run();
    } finally {
      this.#jobDone();
    }
  }

  #jobDone(): void {
    this.#jobs--;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#closed && this.#jobs === 0) void this.#end(new StateError('The pool was closed.'));
  }

  async #end(reason: StateError): Promise<void> {
    // Before what they run is rejected: they would read on.
    for (const stream of this.#streams) stream.end(reason);
    await this.#threads?.end(reason);
    this.#ended = true;
    this.#free();
    for (const joiner of this.#joiners.all()) joiner.settle();
  }
}

const alone = (item: unknown): unknown[] => [item];

/** All arguments of a task, which are an array. */
function spread(member: string): (args: unknown) => readonly unknown[] {
  return (args) => {
    if (Array.isArray(args)) return args;
    throw new TypeError(`${member}() takes the arguments of a task in an array, got ${shown(args)}.`);
  };
}

function refuseProxy(value: object): void {
  if (!isProxy(value)) return;
  throw new EncodingError(
    'The arguments of a task have a proxy in them, and a worker thread has no manager. Give the task a copy of what it ' +
      'needs, or a ticket and a manager of its own.',
  );
}
