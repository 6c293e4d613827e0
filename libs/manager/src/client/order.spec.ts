import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType } from '../definition/index.js';
import { House, until } from './house.suite.js';
import type { Manager } from './index.js';

@SharedType()
class Log {
  readonly #entries: number[] = [];
  readonly #label: string;
  constructor(label = 'log') {
    this.#label = label;
  }
  add(entry: number): number {
    return this.#entries.push(entry);
  }
  async addLater(entry: number): Promise<void> {
    this.#entries.push(entry);
    await new Promise((resolve) => setImmediate(resolve));
  }
  entries(): number[] {
    return this.#entries;
  }
  label(): string {
    return this.#label;
  }
}

const NUMBERS = Array.from({ length: 500 }, (_, index) => index);
let house: House;
let manager: Manager;

beforeEach(() => {
  house = new House();
  manager = house.manager();
});
afterEach(() => house.close());

describe('the calls of one session to one object start in the order in which they were made', () => {
  it('in one turn and in many, synchronous and not', async () => {
    await house.server([Log]);
    const log = await manager.create(Log);
    const calls: Promise<unknown>[] = [];
    for (const n of NUMBERS) {
      calls.push(n % 3 === 0 ? log.addLater(n) : log.add(n));
      if (n % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(calls);
    expect(await log.entries()).toEqual(NUMBERS);
  });

  it('beyond the credit of the session too', async () => {
    await house.server([Log], { limits: { calls: 3 } });
    const log = await manager.create(Log);
    await Promise.all(NUMBERS.map((n) => (n % 2 === 0 ? log.addLater(n) : log.add(n))));
    expect(await log.entries()).toEqual(NUMBERS);
  });

  it('through whichever handle they are made', async () => {
    await house.server([Log]);
    const log = await manager.create(Log);
    const handles = [log, manager.dup(log), manager.with(log, { timeout: 0 })];
    await Promise.all(NUMBERS.map((n) => (handles[n % 3] as typeof log).add(n)));
    expect(await log.entries()).toEqual(NUMBERS);
  });

  it('also those made before a proxy of a name has reached its object, and those made while it does', async () => {
    const log = manager.named('log').lazy(Log);
    const calls: Promise<unknown>[] = NUMBERS.slice(0, 100).map((n) => log.add(n));
    const server = await house.server([Log]);
    let next = 100;
    while (next < NUMBERS.length) {
      calls.push(log.add(next++));
      if (next % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(calls);
    expect(server.table.size).toBe(1);
    expect(await log.entries()).toEqual(NUMBERS);
  });

  it('although frames are lost on the way, and each of them once', async () => {
    let state = 7;
    const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const [theirs, ours] = [house.line(), house.line()];
    for (const line of [theirs, ours]) {
      line.fortune = (_owner, lane) => {
        if (lane === 'beats' || chance() > 0.3) return 'arrives';
        return chance() < 0.5 ? 'lost' : 'fails';
      };
    }
    await house.server([Log], { transport: theirs, lease: 600 });
    manager = house.manager({ transport: ours });
    const log = await manager.create(Log);
    const calls: Promise<unknown>[] = [];
    for (const n of NUMBERS.slice(0, 100)) {
      calls.push(log.add(n));
      if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(calls)).toEqual(NUMBERS.slice(1, 101));
    for (const line of [theirs, ours]) line.mend();
    expect(await log.entries()).toEqual(NUMBERS.slice(0, 100));
  }, 20_000);
});

describe('a release', () => {
  it('does not overtake the calls that were made before it', async () => {
    const server = await house.server([Log]);
    for (let round = 0; round < 100; round++) {
      const log = await manager.create(Log);
      const calls = [log.add(1), log.addLater(2), log.add(3)];
      void manager.release(log);
      expect(await Promise.all(calls)).toEqual([1, undefined, 3]);
    }
    await until(() => server.table.size === 0);
  });
});
