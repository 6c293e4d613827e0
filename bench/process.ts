import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Reply, Request } from './messages.js';
import { UnavailableError } from './system.js';

/** A process of a system, seen from the run. */
export class BenchProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(name: string) {
    this.#name = name;
    // The run's standard output is for the table only.
    // As deployed: in development, ours remembers the place of every create and release.
    const env = { ...process.env, NODE_ENV: 'production' };
    this.#child = fork(join(import.meta.dirname, 'host.js'), { stdio: ['ignore', 2, 2, 'ipc'], env });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  async ask<T extends Reply['is']>(request: Request, expected: T, seconds: number): Promise<Extract<Reply, { is: T }>> {
    const reply = await this.#exchange(request, seconds);
    if (reply.is === 'unavailable') throw new UnavailableError(reply.why);
    if (reply.is === 'failed') throw new Error(`${this.#name}: ${request.ask} failed: ${reply.why}`);
    if (reply.is !== expected) throw new Error(`${this.#name}: ${request.ask} was answered by ${reply.is}`);
    return reply as Extract<Reply, { is: T }>;
  }

  /** In order where the process still answers, by force otherwise. */
  async stop(): Promise<void> {
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    if (this.#child.connected) await this.ask({ ask: 'stop' }, 'stopped', 10).catch(() => this.#child.kill('SIGKILL'));
    await this.#exited;
    clearTimeout(forced);
  }

  #exchange(request: Request, seconds: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        this.#child.off('message', onMessage).off('exit', onExit).off('error', onError);
        action();
      };
      const onMessage = (reply: unknown) => settle(() => resolve(reply as Reply));
      const onError = (error: Error) => settle(() => reject(error));
      const onExit = (code: number | null, signal: string | null) =>
        settle(() => reject(new Error(`${this.#name} ended during ${request.ask} (${signal ?? code}).`)));
      const late = () => settle(() => reject(new Error(`${this.#name}: no answer to ${request.ask} in ${seconds} s.`)));
      const timer = setTimeout(late, seconds * 1000);
      this.#child.on('message', onMessage).on('exit', onExit).on('error', onError);
      this.#child.send(request, (error) => error && onError(error));
    });
  }
}
