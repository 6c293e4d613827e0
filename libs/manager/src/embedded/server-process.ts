import { fork, type ChildProcess } from 'node:child_process';
import { decodeError, ServerUnavailableError } from '../protocol/index.js';
import type { ChildMessage, ParentMessage, StartMessage } from './child-messages.js';
import { inheritedArguments } from './inherited-arguments.js';

export interface ServerProcessOptions {
  readonly start: StartMessage['start'];
  /** The program that reads the messages of `child-messages.ts`. */
  readonly program: URL;
  /** Ms that the process has to listen. */
  readonly patience: number;
  /** Whether it goes on when this process ends, however that ends, and belongs to whoever joins it. */
  readonly independent: boolean;
}

/** Ms that one which could not start has to close what it has opened. */
const FAREWELL = 3000;

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A manager server in a process of its own, from when it listens. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly address: string;
  readonly ended: Promise<ProcessEnd>;

  private constructor(child: ChildProcess, address: string, ended: Promise<ProcessEnd>) {
    this.#child = child;
    this.address = address;
    this.ended = ended;
  }

  /**
   * Undefined where another server listens at the address.
   * @throws what kept it from listening, with the stack of the other process, once that has ended.
   */
  static async start(options: ServerProcessOptions): Promise<ServerProcess | undefined> {
    const { start, program, patience, independent } = options;
    const child = fork(program, [], {
      serialization: 'advanced',
      execArgv: inheritedArguments(),
      // Of a session of its own where it is independent: a closed terminal ends only what belongs to it.
      detached: independent,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = endOf(child);
    const word = wordOf(child, ended);
    say(child, { start: independent ? start : { ...start, parent: process.pid } });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(notListening(start.module, `after ${patience} ms`)), patience);
    });
    let farewell = 0;
    try {
      const said = await Promise.race([word, late]);
      farewell = FAREWELL;
      if ('listening' in said) {
        if (independent) release(child);
        return new ServerProcess(child, said.listening, ended);
      }
      if (!said.taken) throw decodeError(said.failed);
      void endWithin(child, ended, farewell);
      return undefined;
    } catch (error) {
      await endWithin(child, ended, farewell);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /**
   * Asks the server to close, terminates it if it has not ended within `timeout` ms, and kills it if that does not help
   * within as long again.
   */
  async shutdown(timeout: number): Promise<ProcessEnd> {
    say(this.#child, { stop: { timeout } });
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await this.join(timeout)) break;
      this.#child.kill(signal);
    }
    return this.ended;
  }

  /** Whether it ended within `timeout` ms; waits for as long as it takes without. */
  async join(timeout?: number): Promise<boolean> {
    return timeout === undefined ? this.ended.then(() => true) : within(timeout, this.ended);
  }
}

/** Whether it ended in time. */
async function within(ms: number, ended: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  try {
    return await Promise.race([ended.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for its end; kills it where that does not come by itself. */
async function endWithin(child: ChildProcess, ended: Promise<ProcessEnd>, ms: number): Promise<void> {
  if (ms === 0 || !(await within(ms, ended))) child.kill('SIGKILL');
  await ended;
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // It never was: there is no exit then.
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}

/** What the child says of itself, or how it ended without a word. */
function wordOf(child: ChildProcess, ended: Promise<ProcessEnd>): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as ChildMessage));
    child.once('error', (error) =>
      reject(
        new ServerUnavailableError(`The process of the manager server cannot be started: ${error.message}.`, {
          fate: 'not-executed',
          cause: error,
        }),
      ),
    );
    void ended.then(({ code, signal }) =>
      reject(
        new ServerUnavailableError(
          `The process of the manager server ended (${signal ?? `exit status ${code}`}) before it listened. What it wrote to its standard error tells why.`,
          { fate: 'not-executed' },
        ),
      ),
    );
  });
}

/** One that has ended hears nothing, and that is no error. */
function say(child: ChildProcess, message: ParentMessage): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Neither keeps this process running any more, nor hears of its end. */
function release(child: ChildProcess): void {
  child.disconnect();
  child.unref();
}

function notListening(module: string, when: string): ServerUnavailableError {
  return new ServerUnavailableError(
    `The manager server of ${module} does not listen ${when}: its module, its initializer or its bootstrap takes longer, or waits for what never comes.`,
    { fate: 'not-executed' },
  );
}
