import { dup, isProxy, remote } from '../../definition/index.js';
import { carried, iteratesByCode } from '../support/carried.js';
import { aheadOf, checkImap } from './options.js';
import { TaskStream, type Outcome } from './task-stream.js';

type Member = (task: unknown, items: unknown, options?: unknown) => unknown;
type Stream = AsyncIterableIterator<unknown>;

/** A pool as its client class calls it. */
interface PoolRemote {
  apply(task: unknown, args: readonly unknown[]): unknown;
  map: Member;
  mapAsync: Member;
  starmap: Member;
  starmapAsync: Member;
  imap: Member;
  imapUnordered: Member;
  size(): number;
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
  // Its release ends the calls that are under way, and those alone, whatever becomes of the user's proxy.
  const own = dup(pool);
  const calls = remote<PoolRemote>(own);
  const outcome = (item: unknown): Promise<Outcome> =>
    calls.apply(task, [item]).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  try {
    return new TaskStream(items, {
      ...rest,
      ahead: ahead ?? aheadOf(await calls.size()),
      ordered: member === 'imap',
      run: (chunk) => Promise.all(chunk.map(outcome)),
      over: () => void own[Symbol.asyncDispose](),
    });
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
}
