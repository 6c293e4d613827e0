import type { Piscina } from 'piscina';
import {
  ConfigurationError,
  decodeData,
  decodeError,
  encodedData,
  OverloadedError,
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
  /** Takes it back from Piscina, while it was given to that. */
  takeBack?: () => void;
}

const UNBOUNDED = { depth: Infinity, messageBytes: Infinity };
/** How often a request is given to a thread that does not come to be. */
const ATTEMPTS = 2;

/**
 * The worker threads of one pool. Requests run in the order in which they came, as many at once as there are threads; one
 * that was stopped counts until it is gone. Piscina starts the threads; it is never given more than it can run at once, since
 * it would reorder what it has to queue.
 */
export class Threads {
  readonly size: number;
  /** The names of the tasks. */
  readonly names: ReadonlySet<string>;
  readonly #piscina: Piscina;
  readonly #queue = new Set<Order>();
  readonly #running = new Set<Order>();
  /** Threads that were stopped and are not gone: native code that blocks one goes on to its end. */
  #ending = 0;
  #gone: (() => void) | undefined;
  /** Why a thread died that had nothing to run: a start that failed is one of these. */
  #died: unknown;
  /** A thread could not be made for a request, which Piscina has all the same. */
  #hasLeft = false;
  #over: Error | undefined;
  #ended: Promise<void> | undefined;

  private constructor(piscina: Piscina, size: number, names: Set<string>, logger: Logger) {
    this.#piscina = piscina;
    this.size = size;
    this.names = names;
    // Of a thread that had nothing to run; without a listener it would end the server.
    piscina.on('error', (error: unknown) => {
      this.#died = error;
      logger.warn(`A worker thread of a pool died between two tasks: ${messageOf(error)}`);
    });
    piscina.on('workerDestroy', ({ id }: { id: number }) => this.#destroyed(id));
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
    const piscina = started(
      () =>
        new Piscina({
          filename: THREAD_FILE,
          name: 'run',
          minThreads: 1,
          maxThreads: size,
          idleTimeout: Infinity,
          concurrentTasksPerWorker: 1,
          // Otherwise a thread is blocked while it has no task, and so are the timers and connections of its module.
          atomics: 'disabled',
          recordTiming: false,
          workerData: { module, limits } satisfies ThreadData,
          ...(resourceLimits && { resourceLimits: { ...resourceLimits } }),
          ...(execArgv && { execArgv: [...execArgv] }),
        }),
    );
    // Otherwise a thread whose end comes after that of the pool would be replaced, and outlive the server. One that dies is
    // replaced when there is work.
    piscina.options.minThreads = 0;
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
      if (this.#hasRoom) return void this.#start(order);
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
    return (this.#ended = this.#end());
  }

  async #end(): Promise<void> {
    // What could not be started is in its line for good, and would be rejected with nobody to hear it.
    if (this.#hasLeft) await Promise.all(this.#piscina.threads.map((thread) => thread.terminate()));
    else await this.#piscina.destroy();
    // Piscina waits for those alone that it had not stopped before.
    if (this.#ending > 0) await new Promise<void>((resolve) => (this.#gone = resolve));
  }

  get #hasRoom(): boolean {
    return this.#running.size + this.#ending < this.size;
  }

  async #start(order: Order): Promise<void> {
    this.#running.add(order);
    try {
      order.resolve(await this.#give(order));
    } catch (error) {
      order.reject(this.#over ?? (order.signal?.aborted ? order.signal.reason : lost(error)));
    }
    this.#running.delete(order);
    this.#startNext();
  }

  #startNext(): void {
    const [next] = this.#queue;
    if (!next || !this.#hasRoom) return;
    this.#queue.delete(next);
    this.#unlisten(next);
    void this.#start(next);
  }

  async #give(order: Order): Promise<ThreadAnswer[]> {
    const { request, signal } = order;
    for (let attempt = 1; ; attempt++) {
      const back = new AbortController();
      const stop = (): void => back.abort();
      let stranded = false;
      order.takeBack = () => {
        stranded = true;
        stop();
      };
      signal?.addEventListener('abort', stop, { once: true });
      try {
        return (await this.#handOver(request, back.signal)) as ThreadAnswer[];
      } catch (error) {
        if (stranded && attempt < ATTEMPTS && !this.#over) continue;
        throw stranded ? (this.#died ?? new Error('no thread could be started')) : error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    }
  }

  #handOver(request: ThreadRequest, signal: AbortSignal): Promise<unknown> {
    try {
      return this.#piscina.run(request, { signal });
    } catch (error) {
      this.#hasLeft = true;
      throw error;
    }
  }

  /** Piscina has a thread no more: it was stopped, or died, or did not come to be. */
  #destroyed(id: number): void {
    const thread = this.#piscina.threads.find(({ threadId }) => threadId === id && id > 0);
    if (thread) {
      this.#ending++;
      thread.once('exit', () => {
        this.#ending--;
        if (this.#ending === 0) this.#gone?.();
        this.#startNext();
      });
    }
    // Then those whose thread this was are no longer among the running, and only those are that wait for one. Piscina starts
    // none for them when one could not be started before.
    setImmediate(() => {
      if (this.#piscina.threads.length > 0) return;
      for (const order of this.#running) order.takeBack?.();
    });
  }

  #unlisten({ leave, signal }: Order): void {
    if (leave) signal?.removeEventListener('abort', leave);
  }
}

/** What a thread that cannot even be made is for whoever wants a pool. */
function started(start: () => Piscina): Piscina {
  try {
    return start();
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_INVALID_EXEC_ARGV') {
      throw new ConfigurationError(`The server’s option \`pools.execArgv\` cannot be: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    throw new OverloadedError(`The server could not start a worker thread: ${messageOf(error)}.`, { cause: error });
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
