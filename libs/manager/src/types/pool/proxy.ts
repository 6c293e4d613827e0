import { dup, expectHandle, isProxy, remote, type AnyProxy } from '../../definition/index.js';
import { CallTimeoutError, EncodingError, OverloadedError } from '../../protocol/index.js';
import { carried, iteratesByCode } from '../support/carried.js';
import type { Outcome } from '../support/outcome.js';
import { aheadOf, checkImap } from './options.js';
import { TaskStream } from './task-stream.js';

type Member = (task: unknown, items: unknown, options?: unknown) => unknown;
type Stream = AsyncIterableIterator<unknown>;

/** A pool as its client class calls it. */
interface PoolRemote {
  map: Member;
  mapAsync: Member;
  starmap: Member;
  starmapAsync: Member;
  imap: Member;
  imapUnordered: Member;
  openJob(task: unknown, member: string): unknown;
  size(): number;
}

/** A PoolJob, likewise. */
interface JobRemote {
  run(items: readonly unknown[]): Promise<readonly Outcome[]>;
}

/** The members of pools that run in the application: they see to items that only code of the application can iterate. */
export class PoolMembers {
  map(task: unknown, items: unknown, options?: unknown): Promise<unknown> {
    return gathered(items, (all) => remote<PoolRemote>(this).map(task, all, options));
  }

  mapAsync(task: unknown, items: unknown, options?: unknown): Promise<unknown> {
    return gathered(items, (all) => remote<PoolRemote>(this).mapAsync(task, all, options));
  }

  starmap(task: unknown, argsOfEach: unknown, options?: unknown): Promise<unknown> {
    return gathered(argsOfEach, (all) => remote<PoolRemote>(this).starmap(task, all, options));
  }

  starmapAsync(task: unknown, argsOfEach: unknown, options?: unknown): Promise<unknown> {
    return gathered(argsOfEach, (all) => remote<PoolRemote>(this).starmapAsync(task, all, options));
  }

  imap(task: unknown, items: unknown, options?: unknown): Promise<unknown> {
    if (isOfHere(items)) return streamed(this, task, items, options, 'imap');
    return remote<PoolRemote>(this).imap(task, items, options);
  }

  imapUnordered(task: unknown, items: unknown, options?: unknown): Promise<unknown> {
    if (isOfHere(items)) return streamed(this, task, items, options, 'imapUnordered');
    return remote<PoolRemote>(this).imapUnordered(task, items, options);
  }
}

/** Calls `then` with items that can travel: at once where they can be had at once, so that calls leave in their order. */
function gathered(items: unknown, then: (items: unknown) => Promise<unknown>): Promise<unknown> {
  return isAsyncIterable(items) ? all(items).then(then) : then(carried(items));
}

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const gathered: unknown[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null || isProxy(value)) return false;
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/** Read as it goes, by the application: it may be endless, or wait for what it gives. */
function isOfHere(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return isAsyncIterable(value) || iteratesByCode(value);
}

async function streamed(
  pool: object,
  task: unknown,
  items: Iterable<unknown> | AsyncIterable<unknown>,
  options: unknown,
  member: 'imap' | 'imapUnordered',
): Promise<Stream> {
  const { ahead, ...rest } = checkImap(options, member);
  // Held as long as its results are open, as by any other iterator, whatever becomes of the user's proxy.
  const own = dup(pool);
  const calls = remote<PoolRemote>(own);
  let job: AnyProxy | undefined;
  const over = async (): Promise<void> => {
    await job?.[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  };
  try {
    // The server counts it as work that the pool has taken. Its release ends what is under way for it.
    job = (await calls.openJob(task, member)) as AnyProxy;
    const server = remote<JobRemote>(job, expectHandle(own, `${member}()`).options);
    return new TaskStream(items, {
      ...rest,
      ahead: ahead ?? aheadOf(await calls.size()),
      ordered: member === 'imap',
      run: (chunk) => runEach(server, chunk),
      over: () => void over(),
    });
  } catch (error) {
    await over();
    throw error;
  }
}

/** @throws whatever the next call would fail with, too. */
async function runEach(server: JobRemote, chunk: readonly unknown[]): Promise<readonly Outcome[]> {
  try {
    return await server.run(chunk);
  } catch (error) {
    if (!(error instanceof EncodingError || error instanceof OverloadedError || error instanceof CallTimeoutError)) {
      throw error;
    }
    // One of them cannot travel; the others can.
    const unsent = error instanceof EncodingError && error.fate === 'not-executed' && chunk.length > 1;
    if (!unsent) return chunk.map(() => ({ error }));
    return (await Promise.all(chunk.map((item) => runEach(server, [item])))).flat();
  }
}
