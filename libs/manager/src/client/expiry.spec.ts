import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { currentCall, SharedType, type SharedProxy } from '../definition/index.js';
import { claimValue } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import type { Claims } from '../transport/index.js';
import { deferred, failure, House, Line, turns, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred<string>;
let undelivered: number[];
let aborted: number;
let ran: number;

@SharedType()
class Counter {
  #count = 0;
  increment(): number {
    return ++this.#count;
  }
  slow(): Promise<string> {
    ran++;
    currentCall().signal.addEventListener('abort', () => aborted++);
    return gate.promise;
  }
}

/** Hands numbers out, and takes back what did not reach anybody. */
@SharedType({ waits: ['take'] })
class Source {
  #next = 0;
  async take(): Promise<number> {
    const call = currentCall();
    await gate.promise;
    const item = ++this.#next;
    call.onUndelivered(() => undelivered.push(item));
    return item;
  }
  give(): number {
    const item = ++this.#next;
    currentCall().onUndelivered(() => undelivered.push(item));
    return item;
  }
  giveOdd(): unknown {
    currentCall().onUndelivered(() => undelivered.push(-1));
    return () => 'not to be carried';
  }
  giveAndFail(): never {
    currentCall().onUndelivered(() => {
      undelivered.push(-2);
      throw new Error('an unhelpful handler');
    });
    currentCall().onUndelivered(() => undelivered.push(-3));
    throw new RangeError('failed');
  }
}

/** A line whose claims can be read, and are not changed while they are refused. */
class ClaimsLine extends Line {
  refused = false;
  reads = 0;
  /** At the last read. */
  found: unknown;

  override get claims(): Claims {
    const claims = super.claims;
    return {
      renew: (...args) => claims.renew(...args),
      nextGeneration: () => claims.nextGeneration(),
      announce: (...args) => claims.announce(...args),
      announced: () => claims.announced(),
      compareAndSet: async (...args) => {
        if (this.refused) throw new Error('Refused.');
        return claims.compareAndSet(...args);
      },
      read: async (key) => {
        const found = await claims.read(key);
        this.reads++;
        return (this.found = found);
      },
    };
  }
}

const LEASE = 300;
let house: House;
let server: ManagerServer;
let other: Manager;
let line: Line;
let manager: Manager;

beforeEach(async () => {
  [gate, undelivered, aborted, ran] = [deferred<string>(), [], 0, 0];
  house = new House();
  server = await house.server([Counter, Source], { lease: LEASE });
  // Another application's beats make a memory inbox be read again and again.
  other = house.manager();
  await other.ping();
  line = house.line();
  manager = house.manager({ transport: line });
});
afterEach(async () => {
  jest.restoreAllMocks();
  gate.resolve('');
  await house.close();
});

const expired = (): Promise<void> => until(() => server.sessions === 1);

describe('a session whose beats stop', () => {
  it('ends after its lease, and what it held is given back', async () => {
    await manager.create(Counter);
    const since = performance.now();
    line.cut();
    await expired();
    expect(performance.now() - since).toBeGreaterThan(LEASE * 0.7);
    expect(server.table.size).toBe(0);
  });

  it('cancels its calls, and its proxies say so from then on', async () => {
    const counter = await manager.create(Counter);
    const call = counter.slow();
    await until(() => ran === 1);
    line.cut();
    await expired();
    expect(aborted).toBe(1);
    line.mend();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_SESSION_EXPIRED', fate: 'unknown' });
    expect(await failure(counter.increment())).toMatchObject({
      code: 'ERR_MANAGER_SESSION_EXPIRED',
      fate: 'not-executed',
      typeid: 'Counter',
    });
    expect(await (await manager.create(Counter)).increment()).toBe(1);
  });

  it('takes no answer and starts no call once its lease may be over', async () => {
    const counter = await manager.create(Counter);
    line.fortune = (_owner, lane) => (lane === 'beats' ? 'lost' : 'arrives');
    await expired();
    const before = ran;
    const call = counter.slow();
    call.catch(() => undefined);
    await turns();
    expect(ran).toBe(before);
    line.mend();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_SESSION_EXPIRED', fate: 'not-executed' });
  });

  it('goes on where the beats come back in time', async () => {
    const counter = await manager.create(Counter);
    await counter.increment();
    line.cut();
    const call = counter.increment();
    await new Promise((resolve) => setTimeout(resolve, LEASE / 2));
    line.mend();
    expect(await call).toBe(2);
    expect(server.sessions).toBe(2);
  });

  it('goes on where nothing ran for longer than the lease, however short that is', async () => {
    const counter = await manager.create(Counter);
    await counter.increment();
    const until = performance.now() + 3 * LEASE;
    while (performance.now() < until);
    expect(await counter.increment()).toBe(2);
    expect(server.sessions).toBe(2);
  });

  it('goes on where the server still knows it although the client no longer trusts it', async () => {
    const counter = await manager.create(Counter);
    // Only what the server says is lost: it hears the beats, and keeps the session.
    line.deaf = true;
    await new Promise((resolve) => setTimeout(resolve, LEASE * 1.5));
    const call = counter.increment();
    await turns();
    expect(server.sessions).toBe(2);
    line.mend();
    expect(await call).toBe(1);
  });
});

describe('a server that dies', () => {
  it('is found out: the calls fail, and every proxy says that its object is lost', async () => {
    const transport = house.medium.connect();
    await house.server([Counter], { name: 'mortal', lease: LEASE, transport });
    const counter: SharedProxy<Counter> = await manager.at('mortal').create(Counter);
    const call = counter.slow();
    await until(() => ran === 1);
    house.medium.kill(transport);
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'unknown' });
    expect(await failure(counter.increment())).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'not-executed' });
  });

  it('is not called so by a wall clock that is set while its lease is away for a moment', async () => {
    const [there, here] = [new ClaimsLine(house.medium.connect()), new ClaimsLine(house.medium.connect())];
    await house.server([Counter], { name: 'mortal', lease: 600, transport: there });
    const counter = await house.manager({ transport: here }).at('mortal').create(Counter);
    there.refused = true;
    await until(() => here.found === null);
    const [looks, now] = [here.reads, Date.now];
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    await until(() => here.reads > looks);
    there.refused = false;
    expect(await counter.increment()).toBe(1);
  });

  it('is not taken for replaced by a generation that is older, whose claim the medium has again', async () => {
    const transport = house.medium.connect();
    const mortal = await house.server([Counter], { name: 'mortal', lease: LEASE, transport });
    const counter: SharedProxy<Counter> = await manager.at('mortal').create(Counter);
    const witness = house.medium.connect();
    await witness.open();
    const key = { kind: 'server', tag: 'mortal' } as const;
    const mine = await witness.claims.read(key);
    house.medium.kill(transport);
    const older = claimValue({ ...mortal.identity, generation: mortal.identity.generation - 1 });
    await witness.claims.compareAndSet(key, mine?.value ?? null, older, 60_000);
    const error = await failure(counter.slow());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    expect(error.message).toMatch(/died/);
    await witness.close();
  });
});

describe('what an answer hands over', () => {
  let source: SharedProxy<Source>;
  beforeEach(async () => {
    source = await manager.create(Source);
  });

  it('is final once somebody who waits has it', async () => {
    for (let n = 1; n <= 20; n++) expect(await source.give()).toBe(n);
    await manager.close();
    await until(() => server.sessions === 1);
    expect(undelivered).toEqual([]);
  });

  it('goes back, once, where nobody waits any more', async () => {
    const stop = new AbortController();
    const call = manager.with(source, { signal: stop.signal }).take();
    await source.give();
    stop.abort();
    await failure(call);
    gate.resolve('');
    await until(() => undelivered.length > 0);
    await source.give();
    expect(undelivered).toEqual([2]);
  });

  it('goes back where the session ended before the answer was acknowledged', async () => {
    line.fortune = (_owner, lane) => (lane === 'frames' ? 'arrives' : 'lost');
    line.deaf = true;
    const call = source.give();
    call.catch(() => undefined);
    await expired();
    expect(undelivered).toEqual([1]);
    line.mend();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_SESSION_EXPIRED' });
  });

  it('goes back where the session ended while the method ran', async () => {
    const call = source.take();
    call.catch(() => undefined);
    await turns();
    line.cut();
    await expired();
    gate.resolve('');
    await until(() => undelivered.length > 0);
    expect(undelivered).toEqual([1]);
  });

  it('goes back where the manager was closed with the call under way', async () => {
    const call = source.take();
    call.catch(() => undefined);
    await turns();
    await manager.close();
    await expired();
    gate.resolve('');
    await until(() => undelivered.length > 0);
    expect(undelivered).toEqual([1]);
  });

  it('goes back where the answer cannot be carried', async () => {
    expect(await failure(source.giveOdd())).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
    expect(undelivered).toEqual([-1]);
  });

  it('goes back where the method throws, and every handler runs', async () => {
    expect(await failure(source.giveAndFail())).toBeInstanceOf(RangeError);
    expect(undelivered).toEqual([-2, -3]);
  });

  it('reaches somebody or goes back, exactly once, whatever is lost and whoever leaves', async () => {
    let state = 11;
    const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    gate.resolve('');
    line.fortune = (_owner, lane) => (lane === 'frames' && chance() < 0.2 ? 'lost' : 'arrives');
    const got: number[] = [];
    for (let round = 0; round < 40; round++) {
      const stop = new AbortController();
      const calls = [0, 1, 2].map(() => manager.with(source, { signal: stop.signal }).take());
      for (const call of calls) call.then((item) => got.push(item)).catch(() => undefined);
      await turns(Math.floor(chance() * 6));
      stop.abort();
      await Promise.allSettled(calls);
    }
    line.mend();
    const last = await source.give();
    await until(() => got.length + undelivered.length === last - 1);
    expect([...got, ...undelivered].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: last - 1 }, (_, n) => n + 1),
    );
  }, 20_000);
});
