import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Commands, ErrorReport, Report, Request } from '../workers/protocol.js';

/** Ms that an answer may take, unless a test says otherwise: longer than any timeout of a call in these tests. */
const PATIENCE = 15_000;

/** What went wrong in a worker, with the fields that it had there. */
export class WorkerError extends Error implements ErrorReport {
  declare readonly class: string;
  declare readonly ours: boolean;
  declare readonly fields: Record<string, unknown>;
  declare readonly cause?: ErrorReport | undefined;
  declare readonly shown: string;

  constructor(report: ErrorReport) {
    super(report.message);
    Object.assign(this, report);
  }
}

/** Those that run: they end with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export interface LogLine {
  level: string;
  text: string;
  /** By this process's clock. */
  at: number;
}

/** A process of its own that does what it is asked. It never outlives this one. */
export class Worker<C extends Commands> {
  readonly name: string;
  readonly logs: LogLine[] = [];
  /** Resolves once it is up. */
  readonly ready: Promise<void>;
  /** Resolves with how it ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ms that an answer may take. */
  patience = PATIENCE;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #output = '';

  constructor(name: string, program: string, options: object, execArgv: string[] = []) {
    this.name = name;
    const path = fileURLToPath(new URL(`../workers/dist/${program}.js`, import.meta.url));
    const child = fork(path, [], {
      execArgv: ['--enable-source-maps', ...execArgv],
      env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'development', WORKER_OPTIONS: JSON.stringify(options) },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4000)));
    }
    let isReady: () => void;
    let failed: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => ([isReady, failed] = [resolve, reject]));
    this.ready.catch(() => undefined);
    child.on('message', (report: Report) => {
      if (report.kind === 'ready') isReady();
      else if (report.kind === 'log') this.logs.push({ level: report.level, text: report.text, at: Date.now() });
      else this.#answered(report);
    });
    this.exited = new Promise((resolve) =>
      child.once('exit', (code, signal) => {
        running.delete(child);
        const error = new Error(`${name} ended (${signal ?? code}).${this.#story()}`);
        failed(error);
        for (const { reject } of this.#asked.values()) reject(error);
        this.#asked.clear();
        resolve({ code, signal });
      }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Has it run a command. Rejects with a `WorkerError` where that threw. */
  ask<K extends keyof C & string>(command: K, ...args: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>> {
    return new Promise((resolve, reject) => {
      if (!this.running) return reject(new Error(`${this.name} has ended.${this.#story()}`));
      const id = ++this.#lastId;
      const timer = setTimeout(() => {
        this.#asked.delete(id);
        reject(new Error(`${this.name} did not answer ${command}(${String(args)}) in time.${this.#story()}`));
      }, this.patience);
      const settle = (): void => clearTimeout(timer);
      this.#asked.set(id, {
        resolve: (value) => (settle(), resolve(value as Awaited<ReturnType<C[K]>>)),
        reject: (error) => (settle(), reject(error)),
      });
      const request: Request = { id, command, args };
      this.#child.send(request);
    });
  }

  /** Whether it logged a line like this. */
  logged(pattern: RegExp): boolean {
    return this.logs.some(({ text }) => pattern.test(text));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it from running: connections stay open and silent. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.signal('SIGKILL');
    await this.exited;
  }

  /** What it said, for a failure's message. */
  #story(): string {
    const lines = this.logs.slice(-15).map(({ level, text }) => `  ${level}: ${text}`);
    return `\n${lines.join('\n')}${this.#output && `\n${this.#output}`}`;
  }

  #answered(report: Extract<Report, { id: number }>): void {
    const waiting = this.#asked.get(report.id);
    this.#asked.delete(report.id);
    if (report.kind === 'value') waiting?.resolve(report.value);
    else waiting?.reject(new WorkerError(report.error));
  }
}
