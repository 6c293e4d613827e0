import { AsyncLocalStorage } from 'node:async_hooks';
import type { Manager } from 'nestjs-manager';

type Run = <R>(fn: () => R) => R;

/** Tasks that a test may name, and that last from one of its commands to the next. */
export class Tasks {
  readonly #manager: Manager;
  readonly #tasks = new Map<string, Run>();

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** Runs `fn` in the task of this name; outside of any where there is no name. */
  run<R>(name: string | undefined, fn: () => R): R {
    if (name === undefined) return fn();
    let run = this.#tasks.get(name);
    if (!run) this.#tasks.set(name, (run = this.#manager.task(() => AsyncLocalStorage.snapshot())));
    return run(fn);
  }
}
