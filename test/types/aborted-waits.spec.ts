// Calls that are given up at the very moment of their answer; `npm run test:contention` makes it more of them.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SharedProxy } from '../../libs/manager/src/definition/index.js';
import type { Lock } from '../../libs/manager/src/types/index.js';
import type { Bench } from '../../libs/manager/src/types/support/bench.suite.js';
import { stateOf } from '../../libs/manager/src/types/support/state.suite.js';
import { benchOverRedis } from '../support/built-in-bench.js';
import { Random } from '../workers/random.js';

const ABORTS = Number(process.env['CONTENTION_ABORTS'] ?? 1000);
const SEED = Number(process.env['CONTENTION_SEED'] ?? Date.now() % 1_000_000);
/** The long form says what it did. */
const TOLD = process.env['CONTENTION_TOLD'] !== undefined;
/** Calls that are under way at a time. */
const LANES = 4;

jest.setTimeout(30_000 + 30 * ABORTS);

/** Finds the moment at which an answer arrives, in turns of the event loop, and gives moments around it. */
class Moments {
  readonly #random: Random;
  #turns = 10;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async one(): Promise<void> {
    // Half of the time very near to it, else anywhere from the beginning on.
    const most = Math.ceil(this.#turns * 2) + 2;
    const near = Math.round(this.#turns) - 2 + this.#random.below(5);
    const turns = this.#random.below(2) === 0 ? near : this.#random.below(most);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  learn(arrived: boolean): void {
    this.#turns = Math.max(1, this.#turns * (arrived ? 0.97 : 1.03));
  }
}

describe(`of ${ABORTS} calls that are aborted when their answers come (seed ${SEED})`, () => {
  const open = benchOverRedis([]);
  let bench: Bench;
  beforeEach(async () => void (bench = await open()));
  afterEach(() => bench.close());

  /** Runs `attempt` in several lanes until so many were aborted; each says whether its answer arrived before. */
  const abortMany = async (what: string, attempt: (lane: number, moments: Moments) => Promise<boolean>) => {
    const since = performance.now();
    const count = { aborted: 0, arrived: 0 };
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      const moments = new Moments(SEED + lane);
      while (count.aborted < ABORTS) {
        const arrived = await attempt(lane, moments);
        moments.learn(arrived);
        if (arrived) count.arrived++;
        else count.aborted++;
      }
    });
    await Promise.all(lanes);
    if (!TOLD) return;
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    process.stdout.write(`aborted: ${count.aborted} ${what}, ${count.arrived} had arrived, in ${seconds} s\n`);
  };

  it('get() of a queue, none loses an item or has it come twice', async () => {
    const { manager, other } = bench;
    const queue = await manager.named('queue').queue<number>();
    const theirs = await other.named('queue').queue<number>();
    const taken: number[] = [];
    let made = 0;
    await abortMany('get()', async (_lane, moments) => {
      const controller = new AbortController();
      const item = manager
        .with(queue, { signal: controller.signal })
        .get()
        .catch(() => undefined);
      const put = theirs.put(made++);
      await moments.one();
      controller.abort();
      const got = await item;
      await put;
      // What another lane did not take meanwhile comes back.
      taken.push(got ?? (await queue.get({ timeout: 10_000 })));
      return got !== undefined;
    });
    expect(taken).toHaveLength(made);
    expect(taken.toSorted((a, b) => a - b).every((item, i) => item === i)).toBe(true);
    expect(await stateOf(manager, queue)).toMatchObject({
      size: 0,
      handedOver: 0,
      unfinished: made,
      getters: 0,
      running: 0,
    });
  });

  it('acquire() of a lock, none leaves it held or somebody in its line', async () => {
    const { manager, other } = bench;
    const locks: [SharedProxy<Lock>, SharedProxy<Lock>][] = [];
    for (let lane = 0; lane < LANES; lane++) {
      const name = `lock ${lane}`;
      locks.push([await manager.named(name).lock(), await other.named(name).lock()]);
    }
    await abortMany('acquire()', async (lane, moments) => {
      const [lock, theirs] = locks[lane] as (typeof locks)[number];
      expect(await theirs.acquire({ timeout: 10_000 })).toBe(true);
      const controller = new AbortController();
      const acquired = manager
        .with(lock, { signal: controller.signal })
        .acquire()
        .catch(() => false);
      const released = theirs.release();
      await moments.one();
      controller.abort();
      const had = await acquired;
      await released;
      if (had) await lock.release();
      return had;
    });
    for (const [lock, theirs] of locks) {
      expect(await theirs.acquire({ timeout: 10_000 })).toBe(true);
      await theirs.release();
      expect(await stateOf(manager, lock)).toEqual({ waiters: 0, waiting: [], running: 0 });
    }
  });
});
