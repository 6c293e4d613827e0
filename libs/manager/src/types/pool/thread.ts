// What a worker thread of a pool runs: the tasks of one module, in Node itself, wherever the server is.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { workerData } from 'node:worker_threads';
import { ConfigurationError, decodeData, encodeData, encodeError } from '../../protocol/index.js';
import { isLight, type Arguments, type ThreadAnswer, type ThreadData, type ThreadRequest } from './messages.js';

type Task = (...args: unknown[]) => unknown;

const { module, limits } = workerData as ThreadData;
const UNBOUNDED = { depth: limits.depth, messageBytes: Infinity };

let loading: Promise<ReadonlyMap<string, Task>> | undefined;

/** Called for each request, by name. It never throws: an error would lose its class on the way. */
export async function run(request: ThreadRequest): Promise<ThreadAnswer[]> {
  let tasks: ReadonlyMap<string, Task>;
  try {
    tasks = await (loading ??= load());
  } catch (error) {
    // Another attempt would be given the same by the loader, which remembers.
    return Array.from({ length: 'runs' in request ? request.runs.length : 1 }, () => failed(error));
  }
  if ('names' in request) return [{ value: [...tasks.keys()] }];
  const answers: ThreadAnswer[] = [];
  for (const args of request.runs) answers.push(await runOne(tasks, request.task, args));
  return answers;
}

async function runOne(tasks: ReadonlyMap<string, Task>, name: string, given: Arguments): Promise<ThreadAnswer> {
  try {
    const task = tasks.get(name) as Task;
    const args = 'args' in given ? given.args : (decodeData(given.bytes, UNBOUNDED) as unknown[]);
    const value: unknown = await Reflect.apply(task, undefined, args);
    return isLight(value) ? { value } : { bytes: encodeData(value, limits, 'result') };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): ThreadAnswer {
  return { error: encodeData(encodeError(error), UNBOUNDED, 'error') };
}

/** Functions that the module exports itself. A class is none: it cannot be called. */
async function load(): Promise<ReadonlyMap<string, Task>> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(module)) as Record<string, unknown>;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`The module of the tasks, ${module}, could not be loaded: ${message}`, {
      cause: error,
    });
  }
  // Exports that Node's lexer did not see are only in what a CommonJS module calls its exports.
  const all = { ...commonJsExports(exported['default']), ...exported };
  const tasks = new Map<string, Task>();
  for (const [name, value] of Object.entries(all)) {
    if (typeof value === 'function' && !isClass(value)) tasks.set(name, value as Task);
  }
  return tasks;
}

function commonJsExports(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cache } = createRequire(import.meta.url);
  return cache[fileURLToPath(module)]?.exports === value ? value : undefined;
}

function isClass(value: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}
