import { inspect } from 'node:util';
import { ManagerError, type EmbeddedOptions, type PoolSettings } from 'nestjs-manager';

/** What a worker does when it is asked: results and arguments travel by structured clone. */
export type Commands = Record<string, (...args: never[]) => unknown>;

/** What the forking test sets in the worker's environment, as JSON, under `WORKER_OPTIONS`. */
export interface ServerOptions {
  redis?: string;
  /** An address to listen at in place of Redis. */
  listen?: string;
  namespace?: string;
  name: string;
  lease: number;
  takeover?: boolean;
  closeTimeout?: number;
  pools?: PoolSettings;
  /** URLs of suites whose classes it hosts, too. */
  suites?: string[];
}

export interface ApplicationOptions {
  redis?: string;
  namespace?: string;
  /** In place of Redis. */
  embedded?: EmbeddedOptions;
  authkey?: string;
  application: string;
  timeout?: number;
}

export interface Request {
  id: number;
  command: string;
  args: unknown[];
}

export type Report =
  | { kind: 'ready' }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: ErrorReport }
  | { kind: 'log'; level: string; text: string };

/** An error as the worker saw it: its class there cannot be seen from here. */
export interface ErrorReport {
  /** Name of the class that it is an instance of. */
  class: string;
  name: string;
  message: string;
  ours: boolean;
  code?: unknown;
  fate?: unknown;
  remoteName?: unknown;
  remoteStack?: unknown;
  /** Its own enumerable fields. */
  fields: Record<string, unknown>;
  cause?: ErrorReport | undefined;
  /** For people. */
  shown: string;
}

export function reportError(error: unknown): ErrorReport {
  const shown = inspect(error, { depth: 4 });
  if (!(error instanceof Error)) {
    return { class: typeof error, name: '', message: String(error), ours: false, fields: {}, shown };
  }
  const { code, fate, remoteName, remoteStack } = error as ManagerError;
  const own = Object.entries(error).filter(([, value]) => typeof value !== 'function' && !(value instanceof Error));
  return {
    class: error.constructor.name,
    name: error.name,
    message: error.message,
    ours: error instanceof ManagerError,
    code,
    fate,
    remoteName,
    remoteStack,
    fields: Object.fromEntries(own),
    cause: error.cause === undefined ? undefined : reportError(error.cause),
    shown,
  };
}

export function workerOptions<O>(): O {
  return JSON.parse(process.env['WORKER_OPTIONS'] ?? '{}') as O;
}

export function tell(report: Report): void {
  // The test that forked this process may be gone; then so will this process be, at 'disconnect'.
  if (process.connected) process.send?.(report, undefined, undefined, () => undefined);
}

/** Answers what the test asks, until the test's process goes away. */
export function serve(commands: Commands): void {
  process.on('disconnect', () => process.exit(1));
  process.on('message', ({ id, command, args }: Request) => {
    const run = commands[command] as ((...args: unknown[]) => unknown) | undefined;
    Promise.resolve()
      .then(() => {
        if (!run) throw new Error(`This worker has no command ${command}`);
        return run(...args);
      })
      .then(
        (value) => tell({ kind: 'value', id, value }),
        (error: unknown) => tell({ kind: 'error', id, error: reportError(error) }),
      );
  });
  tell({ kind: 'ready' });
}
