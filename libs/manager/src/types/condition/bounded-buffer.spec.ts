import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SharedProxy } from '../../definition/index.js';
import { CallAbortedError } from '../../protocol/index.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import type { Manager } from '../index.js';
import type { List } from '../list/referent.js';
import { stateOf } from '../support/state.suite.js';
import type { Condition } from './referent.js';

const SIZE = 8;

/** Dice that a seed decides: how the programs of one run differ. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(n: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % n;
  }
}

/** A queue as one builds it of a list and two conditions over one lock. */
class Buffer {
  private constructor(
    readonly manager: Manager,
    private readonly items: SharedProxy<List<string>>,
    private readonly notFull: SharedProxy<Condition>,
    private readonly notEmpty: SharedProxy<Condition>,
  ) {}

  static async open(manager: Manager, kind: 'lock' | 'rlock'): Promise<Buffer> {
    const lock = await manager.named('guard')[kind]();
    return new Buffer(
      manager,
      await manager.named('items').list<string>(),
      await manager.named('not-full').condition(lock),
      await manager.named('not-empty').condition(lock),
    );
  }

  get conditions(): SharedProxy<Condition>[] {
    return [this.notFull, this.notEmpty];
  }

  /** All that will come was taken: those who wait for more are told. */
  async end(): Promise<void> {
    await this.notEmpty.runExclusive(() => this.notEmpty.notifyAll());
  }

  /** Whether there was space in time. */
  put(item: string, timeout: number | undefined, signal: AbortSignal): Promise<boolean> {
    return this.notFull.runExclusive(async () => {
      const waiting = this.manager.with(this.notFull, { signal });
      if (!(await waiting.waitFor(async () => (await this.items.length()) < SIZE, timeout))) return false;
      await this.items.push(item);
      await this.notEmpty.notify();
      return true;
    });
  }

  take(timeout: number | undefined, signal: AbortSignal, over: () => boolean): Promise<string | undefined> {
    return this.notEmpty.runExclusive(async () => {
      const waiting = this.manager.with(this.notEmpty, { signal });
      const there = async (): Promise<boolean> => over() || (await this.items.length()) > 0;
      if (!(await waiting.waitFor(there, timeout)) || over()) return undefined;
      const item = await this.items.shift();
      await this.notFull.notify();
      return item;
    });
  }
}

/** Ms after which nobody would have come to wake those who wait. */
const FOR_EVER = 10_000;

/** Tries again and again: some waits have little time, and some are aborted. All others must be woken. */
async function insist<R>(
  dice: Dice,
  attempt: (timeout: number | undefined, signal: AbortSignal) => Promise<R | undefined | false>,
  over: () => boolean,
): Promise<R | undefined> {
  while (!over()) {
    const kind = dice.below(3);
    const abort = new AbortController();
    const timer = kind === 1 ? setTimeout(() => abort.abort(), dice.below(8)) : undefined;
    try {
      const done = await attempt(kind === 2 ? dice.below(6) : FOR_EVER, abort.signal);
      if (done !== undefined && done !== false) return done;
      if (kind !== 2 && !over()) throw new Error('A wait was not woken.');
    } catch (error) {
      if (!(error instanceof CallAbortedError)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
  return undefined;
}

async function pass(test: TestManager, kind: 'lock' | 'rlock', count: number, seed: number): Promise<string[]> {
  const producers = [await Buffer.open(test.connect(), kind), await Buffer.open(test.connect(), kind)];
  const consumers = [await Buffer.open(test.connect(), kind), await Buffer.open(test.connect(), kind)];
  const got: string[] = [];
  await Promise.all([
    ...producers.map(async (buffer, p) => {
      const dice = new Dice(seed + p);
      for (let i = 0; i < count / producers.length; i++) {
        await insist(
          dice,
          (timeout, signal) => buffer.put(`${p}:${i}`, timeout, signal),
          () => false,
        );
      }
    }),
    ...consumers.map(async (buffer, c) => {
      const dice = new Dice(seed + 10 + c);
      const over = (): boolean => got.length >= count;
      while (!over()) {
        const item = await insist(dice, (timeout, signal) => buffer.take(timeout, signal, over), over);
        if (item !== undefined && got.push(item) === count) await buffer.end();
      }
    }),
  ]);
  const [buffer] = producers as [Buffer];
  for (const condition of buffer.conditions) {
    expect(await stateOf(buffer.manager, condition)).toMatchObject({ waiters: 0, lock: { waiters: 0, waiting: [] } });
    expect((await stateOf(buffer.manager, condition))['lock']).not.toHaveProperty('owner');
  }
  return got;
}

function expected(count: number): string[] {
  return [0, 1].flatMap((p) => Array.from({ length: count / 2 }, (_, i) => `${p}:${i}`)).sort();
}

it.each([
  ['lock', 2000],
  ['rlock', 400],
] as const)(
  'a bounded buffer of conditions over one %s passes %i items, each once, through timeouts and aborts',
  async (kind, count) => {
    await using test = await createTestManager();
    const got = await pass(test, kind, count, 1234);
    expect([...got].sort()).toEqual(expected(count));
  },
  60_000,
);

it('a bounded buffer loses and doubles nothing, however its waits end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('lock', 'rlock'), fc.integer({ min: 1, max: 2 ** 30 }), async (kind, seed) => {
      await using test = await createTestManager();
      const got = await pass(test, kind, 60, seed);
      expect([...got].sort()).toEqual(expected(60));
    }),
    { numRuns: Number(process.env['BUFFER_RUNS'] ?? 5) },
  );
}, 60_000);
