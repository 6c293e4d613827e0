import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure, House, turns, until, type Deferred } from '../client/house.suite.js';
import type { Manager } from '../client/index.js';
import { currentCall, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from './index.js';

let gates: Map<string, Deferred>;
let events: string[];
let running: number;
let most: number;

@SharedType({ serial: true, waits: ['wait'] })
class Account {
  async transfer(name: string): Promise<string> {
    events.push(`begin ${name}`);
    most = Math.max(most, ++running);
    await gates.get(name)?.promise;
    await Promise.resolve();
    running--;
    events.push(`end ${name} for ${currentCall().application}`);
    return name;
  }
  wait(name: string): Promise<string> {
    return this.transfer(name);
  }
  fail(name: string): never {
    events.push(`failed ${name}`);
    throw new Error(name);
  }
  quick(name: string): string {
    events.push(`quick ${name}`);
    return name;
  }
}

@SharedType()
class Loose {
  async work(name: string): Promise<void> {
    events.push(`begin ${name}`);
    await gates.get(name)?.promise;
    events.push(`end ${name}`);
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;
let account: SharedProxy<Account>;

beforeEach(async () => {
  [gates, events, running, most] = [new Map(), [], 0, 0];
  house = new House();
  server = await house.server([Account, Loose]);
  manager = house.manager({ application: 'bank' });
  account = await manager.get(Account, 'one');
});
afterEach(async () => {
  for (const gate of gates.values()) gate.resolve();
  await house.close();
});

const gate = (name: string): Deferred => {
  const made = deferred();
  gates.set(name, made);
  return made;
};

describe('a serial object', () => {
  it('runs one call at a time, in the order of the calls', async () => {
    const first = gate('a');
    const calls = [account.transfer('a'), account.quick('b'), account.transfer('c')];
    await turns();
    expect(events).toEqual(['begin a']);
    first.resolve();
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
    expect(events).toEqual(['begin a', 'end a for bank', 'quick b', 'begin c', 'end c for bank']);
  });

  it('is one for all applications', async () => {
    const theirs = await house.manager({ application: 'shop' }).get(Account, 'one');
    const calls: Promise<unknown>[] = [];
    for (let n = 0; n < 50; n++) calls.push(account.transfer(`a${n}`), theirs.transfer(`b${n}`));
    await Promise.all(calls);
    expect(most).toBe(1);
    for (const line of ['a', 'b']) {
      const begun = events.filter((event) => event.startsWith(`begin ${line}`));
      expect(begun).toEqual(Array.from({ length: 50 }, (_, n) => `begin ${line}${n}`));
    }
  });

  it('goes on after a call that fails', async () => {
    const [failed, next] = await Promise.allSettled([account.fail('a'), account.transfer('b')]);
    expect([failed.status, next]).toEqual(['rejected', { status: 'fulfilled', value: 'b' }]);
  });

  it('does not hold up other objects', async () => {
    gate('a');
    void account.transfer('a').catch(() => undefined);
    const other = await manager.create(Account);
    expect(await other.quick('b')).toBe('b');
  });

  it('has its calls in line ended by their callers, not executed', async () => {
    const first = gate('a');
    const stop = new AbortController();
    const [runs, queued, last] = [
      account.transfer('a'),
      manager.with(account, { signal: stop.signal }).quick('b'),
      account.quick('c'),
    ];
    queued.catch(() => undefined);
    await until(() => events.length === 1);
    stop.abort();
    await turns();
    first.resolve();
    await Promise.all([runs, last]);
    expect(events).toEqual(['begin a', 'end a for bank', 'quick c']);
    expect(await failure(queued)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED' });
  });

  it('names the object that a call waited for when it ran out of time in line, not executed', async () => {
    gate('a');
    void account.transfer('a').catch(() => undefined);
    await until(() => events.length === 1);
    // The server's refusal and the caller's own clock race: whichever comes first, it did not run.
    const error = await failure(manager.with(account, { timeout: 60 }).quick('b'));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT' });
    // Its own refusal, or the cancel of a caller who was first, is on its way.
    await turns();
    gates.get('a')?.resolve();
    await turns();
    expect(events).not.toContain('quick b');
  });

  it('drops the calls in line of a session that ended, and goes on with the others', async () => {
    const first = gate('a');
    const leaving = house.manager({ application: 'shop' });
    const theirs = await leaving.get(Account, 'one');
    const runs = account.transfer('a');
    await until(() => events.length === 1);
    const dropped = theirs.quick('b');
    dropped.catch(() => undefined);
    await turns();
    await leaving.close();
    await until(() => server.sessions === 1);
    const next = account.quick('c');
    first.resolve();
    await Promise.all([runs, next]);
    expect(events).toEqual(['begin a', 'end a for bank', 'quick c']);
  });

  it('stays locked by a call whose session ended until that call is over', async () => {
    const first = gate('a');
    const leaving = house.manager({ application: 'shop' });
    const theirs = await leaving.get(Account, 'one');
    theirs.transfer('a').catch(() => undefined);
    await until(() => events.length === 1);
    await leaving.close();
    await until(() => server.sessions === 1);
    const next = account.quick('c');
    await turns();
    expect(events).toEqual(['begin a']);
    first.resolve();
    await next;
    expect(events).toEqual(['begin a', 'end a for shop', 'quick c']);
  });

  it('may have waiting calls in line, which are ended with their handle', async () => {
    const first = gate('a');
    const mine = manager.dup(account);
    const [runs, queued] = [account.transfer('a'), mine.wait('b')];
    await until(() => events.length === 1);
    await manager.release(mine);
    expect(await failure(queued)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED' });
    await turns();
    first.resolve();
    await runs;
    await account.quick('c');
    expect(events).not.toContain('begin b');
  });

  it('may have very many calls in line', async () => {
    const first = gate('a');
    const calls = [account.transfer('a'), ...Array.from({ length: 5000 }, (_, n) => account.quick(String(n)))];
    await turns();
    first.resolve();
    expect((await Promise.all(calls)).length).toBe(5001);
  });
});

describe('any other object', () => {
  it('runs calls side by side, each from its start to its first await at once', async () => {
    const loose = await manager.create(Loose);
    const [a, b] = [gate('a'), gate('b')];
    const calls = [loose.work('a'), loose.work('b')];
    await until(() => events.length === 2);
    b.resolve();
    await calls[1];
    a.resolve();
    await calls[0];
    expect(events).toEqual(['begin a', 'begin b', 'end b', 'end a']);
  });
});
