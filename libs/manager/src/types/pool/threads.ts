import type { Piscina } from 'piscina';
import {
  ConfigurationError,
  decodeData,
  decodeError,
  encodedData,
  StateError,
  WorkerLostError,
} from '../../protocol/index.js';
import type { Logger } from '../../definition/index.js';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './messages.js';
import { THREAD_FILE } from './thread-file.js';

/** What the threads of a pool are started with. */
export interface ThreadsOptions extends ThreadData {
  readonly size: number;
  readonly resourceLimits?: Readonly<Record<string, number>> | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly logger: Logger;
}

/** A request on its way to a thread. */
interface Order {
  readonly request: ThreadRequest;
  readonly signal: AbortSignal | undefined;
  resolve(answers: ThreadAnswer[]): void;
  reject(error: unknown): void;
  leave?: () => void;
}

const UNBOUNDED = { depth: Infinity, messageBytes: Infinity };

/**
 * The worker threads of one pool. Requests run in the order in which they came, as many at once as there are threads.
 * Piscina starts the threads, and replaces those that die or are stopped; it is never given more than it can run at once,
 * since it would reorder what it has to queue.
 */
export class Threads {
  readonly size: number;
  /** The names of the tasks. */
  readonly names: ReadonlySet<string>;
  readonly #piscina: Piscina;
  readonly #queue = new Set<Order>();
  readonly #running = new Set<Order>();
  #over: Error | undefined;
  #ended: Promise<void> | undefined;

  private constructor(piscina: Piscina, size: number, names: Set<string>, logger: Logger) {
    this.#piscina = piscina;
    this.size = size;
    this.names = names;
    // Of a thread that had nothing to run; without a listener it would end the server.
    piscina.on('error', (error: unknown) => {
      logger.warn(`A worker thread of a pool died between two tasks: ${messageOf(error)}`);
      // Those who wait for a thread that cannot even be started would wait for ever.
      if (piscina.threads.length === 0 && this.#running.size > 0) void this.end(lost(error));
    });
  }

  /**
   * Starts the first thread, which loads the module of the tasks; the others are started when there is work for them.
   *
   * @throws ConfigurationError where it cannot be loaded, or exports no function; the reason of the signal.
   */
  static async open(options: ThreadsOptions, signal: AbortSignal): Promise<Threads> {
    // Here and not above: applications, and servers without pools, need not load it.
    const { Piscina } = await import('piscina');
    const { size, module, limits, resourceLimits, execArgv, logger } = options;
    const piscina = new Piscina({
      filename: THREAD_FILE,
      name: 'run',
      // Above 0 a thread whose end comes after that of the pool would be replaced, and outlive the server. One that dies is
      // replaced when there is work.
      minThreads: 0,
      maxThreads: size,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      // Otherwise a thread is blocked while it has no task, and so are the timers and connections of its module.
      atomics: 'disabled',
      recordTiming: false,
      workerData: { module, limits } satisfies ThreadData,
      ...(resourceLimits && { resourceLimits: { ...resourceLimits } }),
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    const names = new Set<string>();
    const threads = new Threads(piscina, size, names, logger);
    try {
      const [answer] = await threads.run({ names: true }, signal);
      for (const name of valueOf(answer) as string[]) names.add(name);
      if (names.size > 0) return threads;
      throw new ConfigurationError(`The module of the tasks, ${module}, exports no function.`);
    } catch (error) {
      await threads.end(new StateError('The pool was not made.'));
      if (!(error instanceof WorkerLostError)) throw error;
      throw new ConfigurationError(`The module of the tasks, ${module}, ended the thread that loaded it.`, {
        cause: error,
      });
    }
  }

  /** Requests that wait for a thread. */
  get queued(): number {
    return this.#queue.size;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Where no further request is taken: why. */
  get over(): Error | undefined {
    return this.#over;
  }

  /**
   * Runs a request when its turn comes. The signal takes it out of the line, or stops the thread that runs it.
   *
   * @throws WorkerLostError where the thread died; the reason of the signal; that of `end()`.
   */
  run(request: ThreadRequest, signal?: AbortSignal): Promise<ThreadAnswer[]> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      if (signal?.aborted) return reject(signal.reason as Error);
      const order: Order = { request, signal, resolve, reject };
      if (this.#running.size < this.size) return void this.#start(order);
      if (signal) {
        order.leave = () => {
          this.#queue.delete(order);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', order.leave, { once: true });
      }
      this.#queue.add(order);
    });
  }

  /** Stops what runs, and fails it and all that waits with `reason`. Resolves when no thread is left. Idempotent. */
  end(reason: Error): Promise<void> {
    if (this.#ended) return this.#ended;
    this.#over = reason;
    for (const order of this.#queue) {
      this.#unlisten(order);
      order.reject(reason);
    }
    this.#queue.clear();
    for (const order of this.#running) order.reject(reason);
    return (this.#ended = this.#piscina.destroy());
  }

  async #start(order: Order): Promise<void> {
    const { request, signal, resolve, reject } = order;
    this.#running.add(order);
    try {
      resolve((await this.#piscina.run(request, { signal: signal ?? null })) as ThreadAnswer[]);
    } catch (error) {
      reject(this.#over ?? (signal?.aborted ? signal.reason : lost(error)));
    }
    this.#running.delete(order);
    const [next] = this.#queue;
    if (!next) return;
    this.#queue.delete(next);
    this.#unlisten(next);
    void this.#start(next);
  }

  #unlisten({ leave, signal }: Order): void {
    if (leave) signal?.removeEventListener('abort', leave);
  }
}

/** What a run gave, as it may stand in a result. Throws what it threw. */
export function valueOf(answer: ThreadAnswer | undefined): unknown {
  if (!answer) throw new WorkerLostError('A worker thread gave no answer.');
  if ('error' in answer) throw decodeError(decodeData(answer.error, UNBOUNDED));
  return 'bytes' in answer ? encodedData(answer.bytes) : answer.value;
}

function lost(error: unknown): WorkerLostError {
  const message = messageOf(error);
  const { code } = (error ?? {}) as { code?: unknown };
  const exit = /exited with code: (-?\d+)/.exec(message)?.[1];
  const why =
    exit !== undefined
      ? `it exited with the code ${exit}`
      : code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? 'it ran out of memory'
        : `an error was thrown outside of the task: ${message}`;
  return new WorkerLostError(`The worker thread ended before its task did: ${why}.`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error || typeof (error as Error | null)?.message === 'string'
    ? (error as Error).message
    : String(error);
}
