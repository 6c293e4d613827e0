import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { currentCall, keep, SharedError, SharedType, type AnyProxy, type SharedProxy } from '../definition/index.js';
import { CallTimeoutError, MethodNotExposedError } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, failure, House, turns, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred;
let events: string[];
let calls: ReturnType<typeof currentCall>[];
let local: Manager;

@SharedError()
class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
  constructor(
    message: string,
    readonly missing = 0,
  ) {
    super(message);
  }
}

/** What is called. */
@SharedType({ context: true, waits: ['wait'] })
class Store {
  readonly #items: unknown[] = [];
  note(event: string): void {
    events.push(event);
  }
  async noteLater(event: string): Promise<void> {
    events.push(`begin ${event}`);
    await gate.promise;
    events.push(`end ${event}`);
  }
  put(item: unknown): void {
    this.#items.push(item);
  }
  items(): unknown[] {
    return this.#items;
  }
  async call(): Promise<void> {
    calls.push(currentCall());
    await turns(1);
    calls.push(currentCall());
  }
  async stuck(): Promise<void> {
    calls.push(currentCall());
    currentCall().signal.addEventListener('abort', () => events.push('aborted'));
    await gate.promise;
  }
  wait(): Promise<void> {
    return this.stuck();
  }
  sell(): never {
    throw new OutOfStock('no more', 3);
  }
  give(): unknown {
    return { self: this, symbol: Symbol('s') };
  }
  give2(): unknown {
    return new URL('http://localhost');
  }
  _hidden(): void {
    events.push('hidden');
  }
}
type StoreProxy = SharedProxy<Store>;

const SHOPS = ['PlainShop', 'KnowingShop'] as const;

/** Who calls. */
class Shop {
  #kept: StoreProxy | undefined;
  async order(store: StoreProxy): Promise<void> {
    await Promise.all([store.note('1'), store.noteLater('2'), store.note('3'), store.note('4')]);
  }
  async mutate(store: StoreProxy): Promise<unknown> {
    const item = { list: [1] };
    const put = store.put(item);
    item.list.push(2);
    await put;
    item.list.push(3);
    const out = (await store.items()) as { list: number[] }[];
    out[0]?.list.push(4);
    out.length = 0;
    return (await store.items()) as unknown;
  }
  keep(store: StoreProxy): void {
    this.#kept = keep(store);
  }
  async viaKept(method: 'call' | 'stuck' | 'sell'): Promise<void> {
    await turns(1);
    await this.#kept?.[method]();
  }
  async call(store: StoreProxy, method: 'call' | 'stuck' | 'sell' | 'give2' | 'wait' | 'give'): Promise<void> {
    calls.push(currentCall());
    await turns(1);
    await store[method]();
  }
  async error(store: StoreProxy, method: string, ...args: unknown[]): Promise<unknown> {
    const all = store as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    if (!all[method]) return { absent: true };
    const given = args.map((arg) => (arg === 'a function' ? () => arg : arg));
    const error = await failure(all[method](...given));
    return { name: error.name, class: error.constructor.name, code: error['code'], fate: error['fate'] };
  }
  async afterwards(store: StoreProxy): Promise<void> {
    setTimeout(() => void failure(store.note('late')).then((error) => events.push(error.message)), 2);
  }
  async impatient(store: StoreProxy): Promise<unknown> {
    const error = await failure(local.with(store, { timeout: 5 }).stuck());
    return [error instanceof CallTimeoutError, error['fate'], error.message];
  }
  async fickle(store: StoreProxy): Promise<unknown> {
    const stop = new AbortController();
    const call = local.with(store, { signal: stop.signal }).stuck();
    await turns(1);
    stop.abort('changed my mind');
    const error = await failure(call);
    return [error.name, error['fate'], error.cause];
  }
  async never(store: StoreProxy): Promise<unknown> {
    const error = await failure(local.with(store, { signal: AbortSignal.abort('no') }).note('never'));
    return [error.name, error['fate'], error.cause];
  }
  async letGo(store: StoreProxy): Promise<unknown> {
    const call = store.wait();
    await turns(1);
    await store[Symbol.asyncDispose]();
    const error = await failure(call);
    return [error.name, (error.cause as Error).message];
  }
}
@SharedType({ typeid: 'PlainShop' })
class PlainShop extends Shop {}
@SharedType({ typeid: 'KnowingShop', context: true })
class KnowingShop extends Shop {}

/** One call at a time. */
@SharedType({ serial: true })
class Account {
  #friend: SharedProxy<Friend> | undefined;
  meet(friend: SharedProxy<Friend>): void {
    this.#friend = keep(friend);
  }
  async transfer(me: SharedProxy<Account>): Promise<string> {
    events.push('begin transfer');
    await turns(1);
    const through = (await this.#friend?.visit(me)) as string;
    events.push('end transfer');
    return through;
  }
  async unknown(me: SharedProxy<Account>, timeout: number): Promise<string> {
    return (await this.#friend?.remember(me, timeout)) as string;
  }
  /** Another of its own methods, through its own proxy. */
  async itself(me: SharedProxy<Account>): Promise<number> {
    return me.balance();
  }
  /** Does not wait for what it began. */
  async begin(me: SharedProxy<Account>): Promise<void> {
    void me.slow();
    await turns(1);
  }
  balance(): number {
    events.push('balance');
    return 7;
  }
  async slow(): Promise<void> {
    events.push('slow');
    await gate.promise;
    events.push('slow ended');
  }
}
@SharedType()
class Friend {
  #remembered: SharedProxy<Account> | undefined;
  async visit(account: SharedProxy<Account>): Promise<string> {
    await turns(1);
    return `has ${await account.balance()}`;
  }
  /** Forgets which call it is part of, and calls all the same. */
  async remember(account: SharedProxy<Account>, timeout: number): Promise<string> {
    this.#remembered ??= keep(account);
    await turns(1);
    const error = await failure(local.with(this.#remembered, { timeout }).balance());
    return `${error.name}: ${error.message}`;
  }
}

describe('calls of hosted code', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;
  let store: StoreProxy;

  beforeEach(async () => {
    [gate, events, calls] = [deferred(), [], []];
    house = new House();
    server = await house.server([Store, PlainShop, KnowingShop, Account, Friend]);
    local = house.manager({ local: () => server.local });
    manager = house.manager({ application: 'customer' });
    store = await manager.create(Store);
  });
  afterEach(async () => {
    gate.resolve();
    await house.close();
  });

  /** Two readings of one moment, each rounded. */
  function expectSame(one: number | undefined, other: number | undefined): void {
    expect(Math.abs((one ?? NaN) - (other ?? NaN))).toBeLessThanOrEqual(1);
  }

  describe.each(SHOPS)('of a %s', (typeid) => {
    let shop: SharedProxy<Shop>;
    beforeEach(async () => {
      shop = await manager.create<Shop>(typeid);
    });

    it('start in their order', async () => {
      const order = shop.order(store);
      await until(() => events.length === 4);
      expect(events).toEqual(['1', 'begin 2', '3', '4']);
      gate.resolve();
      await order;
    });

    it('copy what they carry, there and back, at the moment of the call', async () => {
      expect(await shop.mutate(store)).toEqual([{ list: [1] }]);
      expect(await store.items()).toEqual([{ list: [1] }]);
    });

    it('run as the call that they are part of', async () => {
      await manager.task(() => shop.call(store, 'call'));
      const [parent, ...rest] = calls;
      expect(parent).toMatchObject({ application: 'customer' });
      expect(parent?.task).toEqual(expect.any(String));
      for (const call of rest) {
        expect(call).not.toBe(parent);
        expect([call.session, call.application, call.task]).toEqual([parent?.session, 'customer', parent?.task]);
      }
      expect(rest).toHaveLength(2);
    });

    it('have no more time than the call that they are part of', async () => {
      const error = await failure(manager.with(shop, { timeout: 50 }).call(store, 'stuck'));
      expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT' });
      const [parent, child] = calls;
      expectSame(child?.deadline, parent?.deadline);
      await until(() => events.length > 0);
      expect(events).toEqual(['aborted']);
    });

    it('have no more time than the call that they are part of, though they might wait for ever', async () => {
      await failure(manager.with(shop, { timeout: 50 }).call(store, 'wait'));
      expectSame(calls[1]?.deadline, calls[0]?.deadline);
      await until(() => events.length > 0);
    });

    it('are told when the call that they are part of is ended by its caller', async () => {
      const stop = new AbortController();
      const call = manager.with(shop, { signal: stop.signal }).call(store, 'stuck');
      await until(() => calls.length === 2);
      stop.abort();
      await failure(call);
      await until(() => events.includes('aborted'));
      expect(calls[1]?.signal.aborted).toBe(true);
    });

    it('are told when the session of the call that they are part of ends', async () => {
      const call = shop.call(store, 'stuck');
      call.catch(() => undefined);
      await until(() => calls.length === 2);
      await manager.close();
      await until(() => events.includes('aborted'));
    });

    it('fail with the error itself, and its fate', async () => {
      expect(await shop.error(store, 'sell')).toMatchObject({ name: 'OutOfStock', class: 'OutOfStock' });
      expect(await shop.error(store, 'put', 'a function')).toMatchObject({
        code: 'ERR_MANAGER_ENCODING',
        fate: 'not-executed',
      });
      expect(await shop.error(store, 'give')).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
      expect(await shop.error(store, 'give2')).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
      expect(await failure(shop.call(store, 'sell'))).toMatchObject({ message: 'no more', missing: 3 });
      expect(await failure(shop.call(store, 'sell'))).toBeInstanceOf(OutOfStock);
    });

    it('reach what is exposed only', async () => {
      expect(await shop.error(store, '_hidden')).toEqual({ absent: true });
      expect(events).toEqual([]);
    });

    it('end in their own time, and by their own signal', async () => {
      expect(await shop.impatient(store)).toEqual([true, 'unknown', expect.stringContaining('stuck() of Store #')]);
      expect(await shop.fickle(store)).toEqual(['CallAbortedError', 'unknown', 'changed my mind']);
      expect(events).toEqual(['aborted', 'aborted']);
      expect(await shop.never(store)).toEqual(['CallAbortedError', 'not-executed', 'no']);
    });

    it('that wait end with their handle', async () => {
      expect(await shop.letGo(store)).toEqual(['CallAbortedError', expect.stringMatching(/released/)]);
      expect(events).toEqual(['aborted']);
    });

    it('are refused through a proxy whose call is over', async () => {
      await shop.afterwards(store);
      await until(() => events.length > 0);
      expect(events).toEqual([
        expect.stringMatching(/came with a call that has ended, and was not kept.*keep\(proxy\)/),
      ]);
    });

    it('through a kept proxy, after an await, are those of a known call only where the type knows it', async () => {
      await shop.keep(store);
      await shop.viaKept('call');
      const [call] = calls;
      expect(call?.application).toBe(typeid === 'KnowingShop' ? 'customer' : 'server default');
      expect(call?.session).not.toBe('');
    });

    it('hold what they are made on until they are over', async () => {
      const call = shop.call(store, 'stuck');
      await until(() => calls.length === 2);
      await manager.release(store);
      await turns();
      expect(server.table.size).toBe(2);
      gate.resolve();
      await call;
      await until(() => server.table.size === 1);
    });
  });

  it('are refused with the list of what is exposed, whatever a proxy looks like', async () => {
    const error = await failure(
      server.proxies.call([...server.table.objects()][0] as never, { options: {} } as never, '_hidden', []),
    );
    expect(error).toBeInstanceOf(MethodNotExposedError);
    expect(error['fate']).toBe('not-executed');
  });

  describe('of a serial object', () => {
    let account: SharedProxy<Account>;
    beforeEach(async () => {
      account = await manager.create(Account);
      await account.meet(await manager.create(Friend));
    });

    it('come back to it through others ahead of those who wait', async () => {
      const transfer = account.transfer(account);
      const slow = account.slow();
      expect(await transfer).toBe('has 7');
      await until(() => events.includes('slow'));
      expect(events).toEqual(['begin transfer', 'balance', 'end transfer', 'slow']);
      gate.resolve();
      await slow;
    });

    it('that are not waited for keep others out as well, until they end', async () => {
      await account.begin(account);
      await until(() => events.length > 0);
      const balance = account.balance();
      await turns();
      expect(events).toEqual(['slow']);
      gate.resolve();
      expect(await balance).toBe(7);
      expect(events).toEqual(['slow', 'slow ended', 'balance']);
    });

    it('reach itself', async () => {
      expect(await account.itself(account)).toBe(7);
    });

    it('that cannot be known to be its own wait, and run out of time naming what they waited for', async () => {
      const { id } = manager.token(account) as { id: number };
      const answer = await account.unknown(account, 50);
      expect(answer).toMatch(/^CallTimeoutError: .*balance\(\)/);
      expect(answer).toContain(`Account #${id}`);
    });
  });

  it('of no call at all are the server’s own', async () => {
    const own: StoreProxy = await local.create(Store);
    await own.call();
    expect(calls[0]).toMatchObject({ application: 'server default', session: 'server default', task: undefined });
    await local.release(own as AnyProxy);
  });
});
