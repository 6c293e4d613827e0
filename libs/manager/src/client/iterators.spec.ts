import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  currentCall,
  keep,
  SharedType,
  type AnyProxy,
  type LocalServer,
  type SharedProxy,
} from '../definition/index.js';
import { CallAbortedError, EncodingError, SessionExpiredError } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, failure, House, turns, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let disposed: string[] = [];
let ended: string[] = [];
let produced = 0;
let local: () => LocalServer;
let gate: Deferred;

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
  onSharedDispose(): void {
    disposed.push(this.label);
  }
}

class Countdown {
  constructor(readonly from: number) {}
  *[Symbol.iterator](): Generator<number, string> {
    try {
      for (let i = this.from; i > 0; i--) yield i;
      return 'lift-off';
    } finally {
      ended.push('countdown');
    }
  }
}

function* counting(count: number): Generator<number, string> {
  try {
    for (let i = 0; i < count; i++) {
      produced++;
      yield i;
    }
    return 'done';
  } finally {
    ended.push('counting');
  }
}

async function* countingLater(count: number, pause: () => Promise<unknown>): AsyncGenerator<number, string> {
  try {
    for (let i = 0; i < count; i++) {
      produced++;
      await pause();
      yield i;
    }
    return 'done';
  } finally {
    ended.push('countingLater');
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

@SharedType()
class Log {
  readonly #things = [new Thing('a'), new Thing('b'), new Thing('c')];
  #kept: SharedProxy<Thing> | undefined;

  countdown(from: number): Countdown {
    return new Countdown(from);
  }
  count(count: number): Generator<number, string> {
    return counting(count);
  }
  later(count: number): AsyncGenerator<number, string> {
    return countingLater(count, () => Promise.resolve());
  }
  slowly(count: number): AsyncGenerator<number, string> {
    return countingLater(count, tick);
  }
  values(): IterableIterator<string> {
    return new Map([
      [1, 'one'],
      [2, 'two'],
    ]).values();
  }
  literal(): Iterable<number> {
    return {
      *[Symbol.iterator]() {
        yield* [1, 2, 3];
      },
    };
  }
  /** Has something to clean up before it was ever asked. */
  opened(): Iterator<number> {
    return {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        ended.push('opened');
        return { done: true, value: undefined };
      },
    };
  }
  plainIterator(): Iterator<number> {
    let at = 0;
    return { next: () => (at < 3 ? { done: false, value: ++at } : { done: true, value: undefined }) };
  }
  deep(): { list: Iterable<number>[]; map: Map<string, Iterable<number>>; same: Iterable<number>[] } {
    const same = counting(2);
    return {
      list: [counting(1), { [Symbol.iterator]: () => counting(2) }],
      map: new Map([['three', counting(3)]]),
      same: [same, same],
    };
  }
  *failing(after: number): Generator<number> {
    yield* counting(after);
    throw new RangeError('no more');
  }
  *uncarryable(at: number): Generator {
    try {
      for (let i = 0; ; i++) yield i === at ? (): void => undefined : i;
    } finally {
      ended.push('uncarryable');
    }
  }
  async *waiting(count: number): AsyncGenerator<number> {
    try {
      yield* counting(count);
      await gate.promise;
    } finally {
      ended.push('waiting');
    }
  }
  async *heeding(count: number): AsyncGenerator<number> {
    const { signal } = currentCall();
    try {
      yield* counting(count);
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    } finally {
      ended.push('heeding');
    }
  }
  *big(): Generator<string> {
    for (;;) {
      produced++;
      yield 'x'.repeat(100_000);
    }
  }
  *promises(): Generator<Promise<number>> {
    yield Promise.resolve(1);
    yield Promise.resolve(2);
  }
  *sums(): Generator<number, string, number> {
    let sum = 0;
    try {
      for (;;) {
        try {
          sum += yield sum;
        } catch (error) {
          sum = (error as Error).message.length;
        }
      }
    } finally {
      ended.push('sums');
    }
  }
  *rows(): Generator<{ n: number }> {
    const row = { n: 0 };
    for (; row.n < 100; row.n++) yield row;
  }
  *things(): Generator<Thing> {
    for (const thing of this.#things) yield thing;
  }
  async *made(count: number): AsyncGenerator<SharedProxy<Thing>> {
    for (let i = 0; i < count; i++) {
      const thing = (await local().verb('create', ['Thing', [`made ${i}`]])) as SharedProxy<Thing>;
      yield thing;
      void thing[Symbol.asyncDispose]();
    }
  }
  async *labels(thing: SharedProxy<Thing>, count: number): AsyncGenerator<string> {
    try {
      for (let i = 0; i < count; i++) yield await thing.name();
    } finally {
      await turns(3);
      ended.push(`labels of ${await thing.name()}`);
    }
  }
  readonly #stock: SharedProxy<Thing>[] = [];
  async fill(count: number): Promise<void> {
    const creating = Array.from({ length: count }, (_, i) => local().verb('create', ['Thing', [`stock ${i}`]]));
    for (const thing of await Promise.all(creating)) this.#stock.push(keep(thing as SharedProxy<Thing>, this));
  }
  /** Takes its time, and disposes what it gives before it gives it. */
  async *empty(): AsyncGenerator<SharedProxy<Thing>> {
    while (this.#stock.length > 0) {
      await turns(3);
      const thing = this.#stock.shift() as SharedProxy<Thing>;
      void thing[Symbol.asyncDispose]();
      yield thing;
    }
  }
  async *keeping(): AsyncGenerator<number> {
    this.#kept = keep((await local().verb('create', ['Thing', ['kept']])) as SharedProxy<Thing>);
    yield 1;
  }
  async keptName(): Promise<string | undefined> {
    return this.#kept?.name();
  }
  *nested(thing: SharedProxy<Thing>): Generator<AsyncGenerator<string>> {
    yield this.labels(thing, 1);
    yield this.labels(thing, 2);
  }
  both(thing: SharedProxy<Thing>): AsyncGenerator<string>[] {
    return [this.labels(thing, 3), this.labels(thing, 3)];
  }
  *whose(): Generator<string | undefined> {
    for (;;) yield `${currentCall().task ?? 'no task'} of ${currentCall().application}`;
  }
  [Symbol.iterator](): Iterator<number> {
    return counting(1);
  }
  self(): this {
    return this;
  }
  async *broken(): AsyncGenerator<number> {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      await Promise.reject(new RangeError('cannot clean up'));
    }
  }
  readonly #cursor = counting(100);
  cursor(): Generator<number> {
    return this.#cursor;
  }
}

@SharedType({ context: true })
class Workshop {
  async *madeAndHeld(count: number): AsyncGenerator<SharedProxy<Thing>> {
    const all: SharedProxy<Thing>[] = [];
    for (let i = 0; i < count; i++) {
      const thing = (await local().verb('create', ['Thing', [`made ${i}`]])) as SharedProxy<Thing>;
      all.push(thing);
      yield thing;
      for (const each of all) await each.name();
    }
  }
}

@SharedType()
class Consumer {
  async sum(log: SharedProxy<Log>, count: number): Promise<number> {
    let sum = 0;
    for await (const item of await log.count(count)) sum += item;
    return sum;
  }
  async first(log: SharedProxy<Log>): Promise<number> {
    for await (const item of await log.count(1000)) return item;
    return -1;
  }
  async abandoned(log: SharedProxy<Log>): Promise<number> {
    const iterator = await log.count(1000);
    return (await iterator.next()).value as number;
  }
  async given(items: AsyncIterable<number>): Promise<number> {
    let sum = 0;
    for await (const item of items) sum += item;
    return sum;
  }
  async passes(other: SharedProxy<Consumer>): Promise<number> {
    return other.given(counting(10) as unknown as AsyncIterable<number>);
  }
  #items: AsyncIterable<number> | undefined;
  items(): AsyncIterable<number> | undefined {
    return this.#items;
  }
  async keeps(log: SharedProxy<Log>): Promise<void> {
    this.#items = keep((await log.count(1000)) as unknown as AnyProxy) as unknown as AsyncIterable<number>;
  }
}

@SharedType({ serial: true })
class Ledger {
  readonly #entries = [1, 2, 3];
  async *entries(self: SharedProxy<Ledger>): AsyncGenerator<string> {
    for (const entry of this.#entries) {
      await tick();
      yield `${currentCall().application} ${entry + (await self.zero())}`;
    }
  }
  zero(): number {
    return 0;
  }
  async all(self: SharedProxy<Ledger>): Promise<string[]> {
    const all: string[] = [];
    for await (const entry of await self.entries(self)) all.push(entry);
    return all;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}

let house: House;
let server: ManagerServer;
let manager: Manager;
let log: SharedProxy<Log>;

beforeEach(async () => {
  disposed = [];
  ended = [];
  produced = 0;
  gate = deferred();
  house = new House();
  server = await house.server([Thing, Log, Workshop, Consumer, Ledger]);
  local = () => server.local;
  manager = house.manager({ application: 'tester' });
  log = await manager.create(Log);
});
afterEach(() => house.close());

/** How many objects there are once everything that was said has arrived. */
const objects = async (): Promise<number> => {
  await manager.ping();
  await turns(3);
  return server.table.size;
};
const asProxy = (value: unknown): AnyProxy => value as AnyProxy;

describe('what can be iterated, as a result', () => {
  it.each([
    ['an iterable', () => log.countdown(3), [3, 2, 1]],
    ['a generator', () => log.count(3), [0, 1, 2]],
    ['an empty generator', () => log.count(0), []],
    ['an async generator', () => log.later(3), [0, 1, 2]],
    ['an async generator that takes its time', () => log.slowly(3), [0, 1, 2]],
    ['an iterator of a Map', () => log.values(), ['one', 'two']],
    ['an iterable that is an object literal', () => log.literal(), [1, 2, 3]],
    ['an iterator that is an object literal', () => log.plainIterator(), [1, 2, 3]],
    ['a generator of promises', () => log.promises(), [1, 2]],
  ] as [string, () => Promise<AsyncIterable<unknown>>, unknown[]][])('%s', async (_what, ask, items) => {
    expect(await all(await ask())).toEqual(items);
    expect(await objects()).toBe(1);
  });

  it('arrives at any depth', async () => {
    const { list, map, same } = (await log.deep()) as unknown as {
      list: AsyncIterable<number>[];
      map: Map<string, AsyncIterable<number>>;
      same: AsyncIterable<number>[];
    };
    expect(await all(list[0]!)).toEqual([0]);
    expect(await all(list[1]!)).toEqual([0, 1]);
    expect(await all(map.get('three')!)).toEqual([0, 1, 2]);
    expect(same[0]).toBe(same[1]);
    expect(await all(same[0]!)).toEqual([0, 1]);
    expect(await objects()).toBe(1);
  });

  it('is a shared object where its class is a shared type', async () => {
    const self = (await log.self()) as unknown as SharedProxy<Log>;
    expect(await all(await self.count(2))).toEqual([0, 1]);
  });

  it('gives ten thousand items in order', async () => {
    const expected = Array.from({ length: 10_000 }, (_, index) => index);
    expect(await all(await log.count(10_000))).toEqual(expected);
    expect(await all(await log.later(10_000))).toEqual(expected);
    expect(await objects()).toBe(1);
  });

  it('gives each item as it was when it came', async () => {
    expect((await all(await log.rows())).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('is iterated anew each time for an iterable, and once for an iterator', async () => {
    expect(await all(await log.literal())).toEqual(await all(await log.literal()));
    const cursor = await log.cursor();
    const same = await log.cursor();
    expect(manager.token(asProxy(same))).toEqual(manager.token(asProxy(cursor)));
    expect((await cursor.next()).value).toBe(0);
    expect((await same.next()).value).toBe(1);
  });

  it('is nothing for arguments of an application', async () => {
    const other = log as unknown as { count(items: unknown): Promise<unknown> };
    for (const argument of [
      counting(1),
      { *[Symbol.iterator]() {} },
      [{ *[Symbol.iterator]() {} }],
      new Countdown(1),
    ]) {
      expect(await failure(other.count(argument))).toBeInstanceOf(EncodingError);
    }
  });

  it('has a type that nobody else can have, or create', async () => {
    await expect(house.server([SharedIterator], { name: 'other' })).rejects.toThrow(/registered twice/);
    await expect(manager.create('Iterator')).rejects.toThrow(/Iterator/);
  });
});

@SharedType({ typeid: 'Iterator' })
class SharedIterator {
  at(): number {
    return 1;
  }
}

describe('the end of an iterator', () => {
  it('brings the final value', async () => {
    const steps = await log.count(1);
    expect(await steps.next()).toEqual({ done: false, value: 0 });
    expect(await steps.next()).toEqual({ done: true, value: 'done' });
    expect(await steps.next()).toEqual({ done: true, value: undefined });
    async function* delegating(): AsyncGenerator<number, string> {
      return yield* await log.count(100);
    }
    const outer = delegating();
    for (let i = 0; i < 100; i++) expect(await outer.next()).toEqual({ done: false, value: i });
    expect(await outer.next()).toEqual({ done: true, value: 'done' });
    expect(await objects()).toBe(1);
    expect(ended).toEqual(['counting', 'counting']);
  });

  it.each([0, 1, 40, 1000])('is the error of the producer, behind its %i items', async (count) => {
    const items: number[] = [];
    const reading = (async (): Promise<void> => {
      for await (const item of await log.failing(count)) items.push(item);
    })();
    expect(await failure(reading)).toMatchObject({ name: 'RangeError', message: 'no more' });
    expect(items).toHaveLength(count);
    expect(await objects()).toBe(1);
  });

  it.each([0, 1, 40])('is an error where item %i cannot be carried, and the producer is closed', async (at) => {
    const items: unknown[] = [];
    const reading = (async (): Promise<void> => {
      for await (const item of await log.uncarryable(at)) items.push(item);
    })();
    expect(await failure(reading)).toBeInstanceOf(EncodingError);
    expect(items).toHaveLength(at);
    expect(await objects()).toBe(1);
    expect(ended).toEqual(['uncarryable']);
  });

  it('comes with break, once the producer has cleaned up', async () => {
    for await (const item of await log.count(100_000)) if (item === 20) break;
    expect(ended).toEqual(['counting']);
    expect(await objects()).toBe(1);
  });

  it('comes with return', async () => {
    const first = async (): Promise<number | undefined> => {
      for await (const item of await log.later(100_000)) return item;
      return undefined;
    };
    expect(await first()).toBe(0);
    expect(ended).toEqual(['countingLater']);
    expect(await objects()).toBe(1);
  });

  it('comes with an exception in the body', async () => {
    const reading = async (): Promise<void> => {
      for await (const item of await log.countdown(100_000)) throw new Error(`at ${item}`);
    };
    await expect(reading()).rejects.toThrow('at 100000');
    expect(ended).toEqual(['countdown']);
    expect(await objects()).toBe(1);
  });

  it('tells what went wrong while the producer cleaned up', async () => {
    const reading = async (): Promise<void> => {
      for await (const item of await log.broken()) if (item === 1) break;
    };
    await expect(reading()).rejects.toThrow('cannot clean up');
    expect(await objects()).toBe(1);
  });

  it('does not keep who breaks waiting for what never comes', async () => {
    for await (const item of await log.waiting(1)) if (item === 0) break;
    expect(ended).toEqual(['counting']);
    gate.resolve();
    await until(() => ended.length === 2);
    expect(await objects()).toBe(1);
  });

  it('reaches a producer that awaits something by its signal', async () => {
    for await (const item of await log.heeding(1)) if (item === 0) break;
    expect(ended).toEqual(['counting', 'heeding']);
    expect(await objects()).toBe(1);
  });

  it('comes with the signal of the call that gave it', async () => {
    const stop = new AbortController();
    const items: number[] = [];
    const reading = (async (): Promise<void> => {
      for await (const item of await manager.with(log, { signal: stop.signal }).heeding(2)) items.push(item);
    })();
    await until(() => items.length === 2);
    stop.abort(new Error('enough'));
    const error = await failure(reading);
    expect(error).toBeInstanceOf(CallAbortedError);
    expect(error.cause).toMatchObject({ message: 'enough' });
    await until(() => ended.length === 2);
    expect(await objects()).toBe(1);
  });

  it('comes with that signal while nothing is waited for, too', async () => {
    const stop = new AbortController();
    const iterator = (await manager.with(log, { signal: stop.signal }).count(100_000))[Symbol.asyncIterator]();
    await iterator.next();
    await turns();
    stop.abort(new Error('enough'));
    await until(() => ended.length === 1);
    expect(await failure(iterator.next())).toMatchObject({
      code: 'ERR_MANAGER_CALL_ABORTED',
      cause: { message: 'enough' },
    });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await objects()).toBe(1);
  });

  it('comes with the release of its handle, while an item is waited for', async () => {
    const iterator = await log.heeding(1);
    const reader = iterator[Symbol.asyncIterator]();
    await reader.next();
    const next = failure(reader.next());
    await turns();
    await manager.release(asProxy(iterator));
    expect(await next).toBeInstanceOf(CallAbortedError);
    await until(() => ended.length === 2);
    expect(await objects()).toBe(1);
  });

  it.each([
    ['while it is read', 1, ['counting']],
    ['before the first item', 0, []],
  ])('comes with the release of its handle, %s', async (_when, items, ends) => {
    const iterator = await log.count(100_000);
    const reader = iterator[Symbol.asyncIterator]();
    for (let i = 0; i < items; i++) await reader.next();
    await turns();
    await manager.release(asProxy(iterator));
    await expect(reader.next()).rejects.toThrow(/was released/);
    expect(await objects()).toBe(1);
    expect(ended).toEqual(ends);
  });

  it('comes with await using', async () => {
    {
      await using iterator = (await log.count(100_000)) as AsyncGenerator<number, string> & AsyncDisposable;
      await iterator.next();
    }
    await until(() => ended.length === 1);
    expect(await objects()).toBe(1);
  });

  it('comes with the release of the handle that it was asked of', async () => {
    const iterator = await log.count(100_000);
    await iterator.next();
    const second = await manager.dup(log).count(10);
    await manager.release(log);
    await until(() => ended.length === 1);
    await expect(iterator.next()).rejects.toThrow(/was released/);
    expect(await all(second)).toHaveLength(10);
  });

  it('does not come with the end of the iterator that gave it', async () => {
    const thing = await manager.create(Thing, 'x');
    const inner: AsyncIterable<string>[] = [];
    for await (const each of await log.nested(thing)) inner.push(each);
    await manager.release(thing);
    expect(await objects()).toBe(4);
    expect(await all(inner[0]!)).toEqual(['x']);
    expect(await all(inner[1]!)).toEqual(['x', 'x']);
    expect(await objects()).toBe(1);
    expect(disposed).toEqual(['x']);
  });

  it('comes with the end of its session, once', async () => {
    const short = await house.server([Log], { name: 'short', lease: 300 });
    const line = house.line();
    const theirs = await house.manager({ transport: line }).at('short').create(Log);
    const reader = (await theirs.heeding(1))[Symbol.asyncIterator]();
    await reader.next();
    const idle = await theirs.count(1000);
    await idle.next();
    const waiting = failure(reader.next());
    await turns();
    line.cut();
    await until(() => short.table.size === 0);
    expect(ended.toSorted()).toEqual(['counting', 'counting', 'heeding']);
    line.mend();
    expect(await waiting).toBeInstanceOf(SessionExpiredError);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(ended).toHaveLength(3);
  });

  it('comes with the end of the server, at once', async () => {
    const reader = (await log.heeding(1))[Symbol.asyncIterator]();
    await reader.next();
    const waiting = failure(reader.next());
    await turns();
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(150);
    expect(await waiting).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    await until(() => ended.length === 2);
  });
});

describe('a consumer that is slow', () => {
  it('slows the producer', async () => {
    let consumed = 0;
    for await (const item of await log.count(100_000)) {
      await turns(3);
      expect(produced - consumed).toBeLessThan(200);
      if (++consumed === 300) break;
      expect(item).toBe(consumed - 1);
    }
  });

  it('does not have the producer run before it asks', async () => {
    const iterator = await log.count(100);
    await turns();
    expect(produced).toBe(0);
    await iterator.next();
    await turns();
    expect(produced).toBe(1);
  });

  it('has few large items in memory', async () => {
    for await (const item of await log.big()) {
      expect(item).toHaveLength(100_000);
      await turns(3);
      expect(produced).toBeLessThan(16);
      if (produced > 8) break;
    }
  });
});

describe('next(value) and throw', () => {
  it('reach the generator', async () => {
    const sums = await log.sums();
    expect(await sums.next()).toEqual({ done: false, value: 0 });
    expect(await sums.next(5)).toEqual({ done: false, value: 5 });
    expect(await sums.next(7)).toEqual({ done: false, value: 12 });
    expect(await sums.throw(new Error('four'))).toEqual({ done: false, value: 4 });
    expect(await sums.return('end')).toEqual({ done: true, value: 'end' });
    expect(await sums.next(1)).toEqual({ done: true, value: undefined });
    expect(ended).toEqual(['sums']);
    expect(await objects()).toBe(1);
  });

  it('are refused where the generator is read ahead', async () => {
    const reader = (await log.sums())[Symbol.asyncIterator]();
    await reader.next();
    await expect(reader.next(1)).rejects.toThrow(/call next\(value\) of the proxy itself/);
    await expect(reader.throw(new Error('mine'))).rejects.toThrow('mine');
    expect(ended).toEqual(['sums']);
    expect(await objects()).toBe(1);
  });

  it('go with a reader that has begun', async () => {
    const iterator = await log.count(50);
    const reader = iterator[Symbol.asyncIterator]();
    expect(iterator[Symbol.asyncIterator]()).toBe(reader);
    expect(await reader.next()).toEqual({ done: false, value: 0 });
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await Promise.all([reader.next(), iterator.next(), reader.next()])).toMatchObject([
      { value: 2 },
      { value: 3 },
      { value: 4 },
    ]);
    await iterator.return('x');
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(await objects()).toBe(1);
  });

  it('that is given up leaves the item for the next one', async () => {
    const iterator = (await log.slowly(3)) as AsyncGenerator<number, string>;
    const stop = new AbortController();
    const given = failure(
      (manager.with(asProxy(iterator), { signal: stop.signal }) as unknown as AsyncGenerator<number>).next(),
    );
    stop.abort();
    expect(await given).toBeInstanceOf(CallAbortedError);
    expect(await all(iterator)).toEqual([0, 1, 2]);
  });
});

describe('proxies as items', () => {
  it('are counted like any other', async () => {
    const things = await all(await log.things());
    expect(await objects()).toBe(4);
    expect(await Promise.all(things.map((thing) => thing.name()))).toEqual(['a', 'b', 'c']);
    for (const thing of things) await manager.release(thing);
    expect(await objects()).toBe(1);
    expect(disposed).toEqual(['a', 'b', 'c']);
  });

  it('are given back where nobody takes them', async () => {
    for await (const thing of await log.things()) {
      await manager.release(thing);
      break;
    }
    expect(await objects()).toBe(1);
  });

  it.each([
    ['and let go there', () => log.made(40)],
    ['and held there', async () => (await manager.create(Workshop)).madeAndHeld(40)],
  ] as [string, () => Promise<AsyncIterable<SharedProxy<Thing>>>][])(
    'may be created on the way, %s',
    async (_how, ask) => {
      const names: string[] = [];
      for await (const thing of await ask()) {
        names.push(await thing.name());
        await manager.release(thing);
      }
      expect(names).toEqual(Array.from({ length: 40 }, (_, index) => `made ${index}`));
      expect(await objects()).toBeLessThanOrEqual(2);
      expect(disposed).toHaveLength(40);
    },
  );

  it('may be let go in the step in which they are given, though nobody asks for them just then', async () => {
    await log.fill(20);
    const names: string[] = [];
    for await (const thing of await log.empty()) {
      await turns(12);
      names.push(await thing.name());
      await manager.release(thing);
    }
    expect(names).toHaveLength(20);
    expect(await objects()).toBe(1);
    expect(disposed).toHaveLength(20);
  });

  it('last beyond their iterator', async () => {
    const things = await all(await log.made(3));
    expect(await objects()).toBe(4);
    expect(await things[2]?.name()).toBe('made 2');
    for (const thing of things) await manager.release(thing);
    expect(await objects()).toBe(1);
  });
});

describe('what the body of a generator uses', () => {
  it('lasts until it has cleaned up', async () => {
    const thing = await manager.create(Thing, 'x');
    const labels = await log.labels(thing, 1000);
    await manager.release(thing);
    expect(await objects()).toBe(3);
    for await (const label of labels) {
      expect(label).toBe('x');
      break;
    }
    expect(ended).toEqual(['labels of x']);
    expect(await objects()).toBe(1);
    expect(disposed).toEqual(['x']);
  });

  it('is closed when it is released, though nobody ever asked it', async () => {
    const opened = await log.opened();
    await manager.release(opened as unknown as AnyProxy);
    await until(() => ended.length === 1);
    expect(ended).toEqual(['opened']);
  });

  it('lasts until it has cleaned up after it was released', async () => {
    const thing = await manager.create(Thing, 'x');
    const labels = await log.labels(thing, 1000);
    await labels.next();
    await manager.release(thing);
    const again = manager.dup(log);
    await manager.release(log);
    log = again;
    await until(() => ended.length === 1);
    expect(ended).toEqual(['labels of x']);
    expect(await objects()).toBe(1);
  });

  it('lasts for the last of several iterators of the call', async () => {
    const thing = await manager.create(Thing, 'x');
    const [one, two] = (await log.both(thing)) as unknown as AsyncIterable<string>[];
    await manager.release(thing);
    expect(await all(one!)).toHaveLength(3);
    expect(await all(two!)).toHaveLength(3);
    expect(await objects()).toBe(1);
  });

  it('may be kept by the object that it came from', async () => {
    expect(await all(await log.keeping())).toEqual([1]);
    expect(await objects()).toBe(2);
    expect(await log.keptName()).toBe('kept');
    await manager.release(log);
    expect(await objects()).toBe(0);
  });

  it('is its object, too', async () => {
    const iterator = await (await manager.create(Log)).count(10);
    const info = await manager.debugInfo();
    const holders = info.servers.flatMap(({ objects: list }) => list.flatMap((object) => object.holders));
    expect(holders.filter(({ kind }) => kind === 'iterator')).toHaveLength(1);
    expect(await all(iterator)).toHaveLength(10);
  });

  it('knows the call that it goes on with', async () => {
    const whose = await manager.task(() => log.whose());
    const { value } = await whose.next();
    expect(value).toMatch(/^(?!no task).+ of tester$/);
    await whose.return(undefined);
  });
});

describe('inside a server', () => {
  let consumer: SharedProxy<Consumer>;
  beforeEach(async () => {
    consumer = await manager.create(Consumer);
  });

  it('an iterator of another object is read', async () => {
    expect(await consumer.sum(log, 1000)).toBe(499_500);
    expect(await consumer.first(log)).toBe(0);
    expect(ended).toEqual(['counting', 'counting']);
    expect(await objects()).toBe(2);
  });

  it('an iterator that is left is closed with the call that got it', async () => {
    expect(await consumer.abandoned(log)).toBe(0);
    await until(() => ended.length === 1);
    expect(await objects()).toBe(2);
  });

  it('an iterator may be an argument', async () => {
    const other = await manager.create(Consumer);
    expect(await consumer.passes(other)).toBe(45);
    expect(await objects()).toBe(3);
  });

  it('an iterator may be kept, and goes with who keeps it', async () => {
    await consumer.keeps(log);
    expect(await objects()).toBe(3);
    const info = await manager.debugInfo();
    const held = info.servers[0]!.objects.find(({ typeid }) => typeid === 'Iterator');
    expect(held?.holders).toMatchObject([{ kind: 'object' }]);
    await manager.release(consumer);
    expect(await objects()).toBe(1);
  });

  it('the body of a serial type has its context, and belongs to the chain of who reads it', async () => {
    const ledger = await manager.create(Ledger);
    expect(await all(await ledger.entries(ledger))).toEqual(['tester 1', 'tester 2', 'tester 3']);
    expect(await ledger.all(ledger)).toEqual(['tester 1', 'tester 2', 'tester 3']);
  });
});

describe('between servers', () => {
  it('an iterator of another server is read, and closed with the call that got it', async () => {
    const other = await house.server([Consumer], { name: 'other' });
    house.manager({ local: () => server.local, foreign: (objects) => (server.foreign = objects) });
    house.manager({ local: () => other.local, foreign: (objects) => (other.foreign = objects) });
    const consumer = await manager.create(Consumer);
    const far = await manager.at('other').create(Consumer);
    expect(manager.token(far)?.server).toBe('other');
    expect(await far.sum(log, 1000)).toBe(499_500);
    expect(await far.first(log)).toBe(0);
    await until(() => ended.length === 2);
    expect(await far.abandoned(log)).toBe(0);
    await until(() => ended.length === 3);
    await manager.release(consumer);
    await manager.release(far);
    await until(() => server.table.size === 1);
  });

  it('a ticket carries an iterator', async () => {
    const ticket = await manager.ticket(asProxy(await log.count(3)));
    const other = house.manager();
    expect(await all((await other.redeem(ticket)) as unknown as AsyncIterable<number>)).toEqual([0, 1, 2]);
  });
});

describe('an iterator that is forgotten', () => {
  const collect = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      (globalThis as { gc?: () => void }).gc?.();
      await turns(3);
    }
  };

  it('is closed when its proxy is collected, and not while it is read', async () => {
    const begin = async (): Promise<AsyncIterator<number>> => (await log.count(100_000))[Symbol.asyncIterator]();
    let reader: AsyncIterator<number> | undefined = await begin();
    for (let i = 0; i < 100; i++) {
      if (i % 20 === 0) (globalThis as { gc?: () => void }).gc?.();
      expect(await reader.next()).toEqual({ done: false, value: i });
    }
    await turns();
    reader = undefined;
    await collect(() => ended.length === 1);
    expect(await objects()).toBe(1);
  });
});

describe('many at a time', () => {
  it('do not disturb each other', async () => {
    const sums = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        let count = 0;
        for await (const item of await (index % 2 ? log.slowly(20) : log.count(500))) {
          if (item !== count++) throw new Error(`${item} came at ${count}`);
        }
        return count;
      }),
    );
    expect(sums).toEqual(Array.from({ length: 100 }, (_, index) => (index % 2 ? 20 : 500)));
    expect(await objects()).toBe(1);
  });
});
