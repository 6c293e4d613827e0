import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { turns } from '../../client/house.suite.js';
import type { Outcome } from '../support/outcome.js';
import { TaskStream, type TaskStreamOptions } from './task-stream.js';

/** Runs that end when the test says so. */
class Bench {
  readonly started: (readonly unknown[])[] = [];
  readonly signals: AbortSignal[] = [];
  over = 0;
  closed = 0;
  readonly #ends: (() => void)[] = [];

  open(items: Iterable<unknown> | AsyncIterable<unknown>, options: Partial<TaskStreamOptions> = {}): TaskStream {
    return new TaskStream(items, {
      chunkSize: 1,
      ahead: 2,
      ordered: true,
      settled: false,
      run: (chunk, signal) => {
        this.signals.push(signal);
        const at = this.started.push(chunk) - 1;
        return new Promise((resolve) => {
          this.#ends[at] = () => resolve(chunk.map(outcomeOf));
        });
      },
      over: () => this.over++,
      ...options,
    });
  }

  end(at: number): void {
    this.#ends[at]?.();
  }
}

const outcomeOf = (item: unknown): Outcome =>
  typeof item === 'number' && item < 0 ? { error: new RangeError(String(item)) } : { value: item };

/** Numbers for as long as somebody asks. */
function* endless(bench: Bench): Generator<number> {
  try {
    for (let next = 1; ; next++) yield next;
  } finally {
    bench.closed++;
  }
}

async function read(stream: TaskStream): Promise<{ seen: unknown[]; error?: unknown }> {
  const seen: unknown[] = [];
  try {
    for await (const value of stream) seen.push(value);
    return { seen };
  } catch (error) {
    return { seen, error };
  }
}

const sorted = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();

/** What is to be seen of items, in their order, and the messages of which one ends it. */
function expectedOf(
  items: readonly number[],
  { ordered, settled }: { ordered: boolean; settled: boolean },
): { seen: readonly unknown[]; errors: readonly (string | undefined)[] } {
  const failed = items.filter((item) => item < 0).map(String);
  if (settled) {
    const outcome = (item: number): unknown =>
      item < 0 ? { status: 'rejected', reason: new RangeError(String(item)) } : { status: 'fulfilled', value: item };
    return { seen: items.map(outcome), errors: [undefined] };
  }
  if (failed.length === 0) return { seen: items, errors: [undefined] };
  if (!ordered) return { seen: items.filter((item) => item >= 0), errors: failed };
  return {
    seen: items.slice(
      0,
      items.findIndex((item) => item < 0),
    ),
    errors: failed.slice(0, 1),
  };
}

describe('a stream of tasks', () => {
  it('begins at once, and keeps no more under way or unread than it may', async () => {
    const bench = new Bench();
    const stream = bench.open([1, 2, 3, 4]);
    expect(bench.started).toEqual([[1], [2]]);
    bench.end(0);
    bench.end(1);
    await turns();
    expect(bench.started).toHaveLength(2);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    await turns();
    expect(bench.started).toHaveLength(3);
    await stream.return();
  });

  it('is over when nothing is under way any more, be it read or not', async () => {
    const bench = new Bench();
    const stream = bench.open([1, 2], { ahead: 3 });
    bench.end(1);
    bench.end(0);
    await turns();
    expect(bench.over).toBe(1);
    expect(await read(stream)).toEqual({ seen: [1, 2] });
    expect(bench.over).toBe(1);
    const empty = bench.open([]);
    expect(await read(empty)).toEqual({ seen: [] });
    expect(bench.over).toBe(2);
  });

  it('tells what runs that nobody wants it, and closes its items', async () => {
    const bench = new Bench();
    const stream = bench.open(endless(bench));
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(bench.signals.every(({ aborted }) => aborted)).toBe(true);
    expect([bench.closed, bench.over]).toEqual([1, 1]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it('can be left while its items wait for what never comes', async () => {
    const bench = new Bench();
    const items = async function* (): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => undefined);
    };
    const stream = bench.open(items());
    await turns();
    bench.end(0);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    expect(await stream.return()).toEqual({ value: undefined, done: true });
    expect(bench.over).toBe(1);
  });

  it.each([true, false])('reads no further where going on is in vain, and says why: ordered %p', async (ordered) => {
    const bench = new Bench();
    const reason = new Error('the pool is over');
    const stream = bench.open(endless(bench), { ordered });
    bench.end(0);
    const reading = read(stream);
    await turns();
    stream.end(reason);
    stream.end(new Error('said already'));
    bench.end(2);
    bench.end(1);
    expect(await reading).toEqual({ seen: [1, 2, 3], error: reason });
    expect([bench.started.length, bench.closed, bench.over]).toEqual([3, 1, 1]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  it.each([
    { ordered: true, settled: false },
    { ordered: false, settled: false },
    { ordered: true, settled: true },
  ])('is told that by a run that rejects: %p', async (options) => {
    const bench = new Bench();
    const reason = new Error('nobody is there');
    const stream = bench.open(endless(bench), { ...options, run: () => Promise.reject(reason) });
    const { seen, error } = await read(stream);
    expect(error).toBe(reason);
    const rejected = { status: 'rejected', reason };
    expect(seen).toEqual(options.settled ? [rejected, rejected] : []);
    await turns();
    expect([bench.closed, bench.over]).toEqual([1, 1]);
  });

  it('loses nothing where all of its items are read when going on is in vain', async () => {
    const bench = new Bench();
    const stream = bench.open([1, 2], { ahead: 3 });
    const reading = read(stream);
    await turns();
    stream.end(new Error('too late'));
    bench.end(0);
    bench.end(1);
    expect(await reading).toEqual({ seen: [1, 2] });
  });

  it('ends at once where its items wait for what never comes', async () => {
    const bench = new Bench();
    const reason = new Error('the pool is over');
    const stream = bench.open((async function* () { yield await new Promise(() => undefined); })()); // prettier-ignore
    const reading = read(stream);
    await turns();
    stream.end(reason);
    expect(await reading).toEqual({ seen: [], error: reason });
    expect(bench.over).toBe(1);
  });

  it('leaves others their turns, though nothing that it does takes one', async () => {
    let given = 0;
    let turn = 0;
    setImmediate(() => (turn = given));
    const numbers = function* (): Generator<number> {
      while (given < 5000) yield -++given;
    };
    const bench = new Bench();
    const { error } = await read(bench.open(numbers(), { ordered: false, run: async (chunk) => chunk.map(outcomeOf) }));
    expect(error).toBeInstanceOf(RangeError);
    expect(turn).toBeGreaterThan(0);
    expect(turn).toBeLessThan(1000);
  });

  it('waits for whatever can be waited for', async () => {
    let given = 0;
    const next = (): PromiseLike<IteratorResult<number>> => {
      const step: IteratorResult<number> =
        given < 3 ? { done: false, value: ++given } : { done: true, value: undefined };
      // oxlint-disable-next-line unicorn/no-thenable -- this is what the test is about
      return { then: (ok: (given: typeof step) => void) => void setImmediate(() => ok(step)) } as never;
    };
    const items = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<number>;
    const run = async (chunk: readonly unknown[]): Promise<Outcome[]> => chunk.map(outcomeOf);
    expect(await read(new Bench().open(items, { run }))).toEqual({ seen: [1, 2, 3] });
  });

  it('answers whoever asks, one after the other', async () => {
    const bench = new Bench();
    const stream = bench.open([1, 2]);
    const asked = [stream.next(), stream.next(), stream.next()];
    bench.end(1);
    bench.end(0);
    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([1, 2, undefined]);
  });

  it('gives each item its outcome, once, whatever the order in which they end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -3, max: 20 }), { maxLength: 30 }),
        fc.record({
          chunkSize: fc.integer({ min: 1, max: 4 }),
          ahead: fc.integer({ min: 1, max: 5 }),
          ordered: fc.boolean(),
          settled: fc.boolean(),
        }),
        fc.boolean(),
        fc.infiniteStream(fc.nat(4)),
        async (items, options, later, pauses) => {
          let [underWay, most, over] = [0, 0, 0];
          const run = async (chunk: readonly unknown[]): Promise<Outcome[]> => {
            most = Math.max(most, ++underWay);
            for (let pause = pauses.next().value; pause > 0; pause--) await Promise.resolve();
            underWay--;
            return chunk.map(outcomeOf);
          };
          const source = later ? (async function* () { yield* items; })() : items; // prettier-ignore
          const { seen, error } = await read(new TaskStream(source, { ...options, run, over: () => over++ }));
          expect(most).toBeLessThanOrEqual(options.ahead);
          expect(over).toBe(1);
          const expected = expectedOf(items, options);
          const told = options.ordered ? seen : sorted(seen);
          expect(told).toEqual(options.ordered ? expected.seen : sorted(expected.seen));
          expect(expected.errors).toContain((error as Error | undefined)?.message);
        },
      ),
      { numRuns: 150 },
    );
  });
});
