import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How a process ended. */
export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
}

/** Milliseconds that an orderly end may take. */
const PATIENCE = 12_000;
/** Lines of output that are kept. */
const KEPT = 40;

/** A Node process that the demo started, and that never outlives it. */
export class Child {
  readonly ended: Promise<Ended>;
  /** The last lines that it wrote. */
  readonly output: string[] = [];
  readonly #process: ChildProcess;

  constructor(
    readonly name: string,
    script: URL,
    env: Record<string, string>,
    execArgv: string[] = [],
  ) {
    this.#process = fork(fileURLToPath(script), {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, ...env },
      execArgv: ['--enable-source-maps', ...execArgv],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C at a terminal goes to the whole group: it must not end at once what is to be stopped in order.
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output.push(...text.split('\n').filter(Boolean));
        this.output.splice(0, this.output.length - KEPT);
      });
    }
    this.ended = once(this.#process, 'exit').then(([status, signal]) => ({ status, signal }) as Ended);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The first message that it sends. Rejects with its output if it ends before. */
  async message<T>(): Promise<T> {
    const received = once(this.#process, 'message').then(([message]) => message as T);
    return Promise.race([
      received,
      this.ended.then((ended): never => {
        throw new Error(`${this.name} ended (${describeEnd(ended)}):\n${this.output.join('\n')}`);
      }),
    ]);
  }

  /** Asks it to end, and kills it where it does not. */
  async stop(): Promise<Ended> {
    if (this.running) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), PATIENCE);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  /** Ends it without a warning. */
  kill(): void {
    if (this.running) this.#process.kill('SIGKILL');
  }
}

export function describeEnd({ status, signal }: Ended): string {
  return signal ?? `exit status ${status}`;
}
