import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { currentCall, SharedType, type SharedProxy } from '../definition/index.js';
import { formatTicket } from '../protocol/index.js';
import { deferred, failure, House, turns, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred<string>;
let started: number;
let aborted: number;
let deadline: number | undefined;

@SharedType({ waits: ['wait'] })
class Work {
  slow(): Promise<string> {
    started++;
    const call = currentCall();
    deadline = call.deadline;
    call.signal.addEventListener('abort', () => aborted++);
    return gate.promise;
  }
  wait(): Promise<string> {
    return this.slow();
  }
  quick(): number {
    return ++started;
  }
  take(_other: SharedProxy<Work>): void {}
  block(ms: number): void {
    const until = performance.now() + ms;
    while (performance.now() < until);
  }
}

@SharedType({ serial: true })
class Turnstile {
  async pass(): Promise<void> {
    started++;
    await gate.promise;
  }
}

let house: House;
let manager: Manager;
let work: SharedProxy<Work>;

beforeEach(async () => {
  [gate, started, aborted, deadline] = [deferred<string>(), 0, 0, undefined];
  house = new House();
  await house.server([Work, Turnstile], { lease: 1200, limits: { calls: 4 } });
  manager = house.manager({ timeout: 60 });
  // Little time is what tests of calls are about; a busy machine may need more of it for the way to the server.
  let made: SharedProxy<Work> | undefined;
  while (!made) made = await manager.create(Work).catch(() => undefined);
  work = made;
});
afterEach(() => house.close());

describe('a call that runs out of time', () => {
  it('fails, and nobody knows whether it was executed; the method is told', async () => {
    const error = await failure(work.slow());
    expect(error).toMatchObject({
      code: 'ERR_MANAGER_CALL_TIMEOUT',
      fate: 'unknown',
      method: 'slow',
      typeid: 'Work',
      timeout: 60,
      retryable: true,
    });
    await until(() => aborted === 1);
  });

  it('does so by a clock that nobody sets: not by one that is set forward', async () => {
    const patient = house.manager({ timeout: 10_000 });
    const [turn, blocking] = [await patient.create(Turnstile), await patient.create(Work)];
    const real = Date.now;
    try {
      const passing = [0, 1].map(() => turn.pass());
      // So many that most of them wait for their turn at the server.
      const blocked = Array.from({ length: 20 }, () => blocking.block(4));
      await until(() => started === 1);
      Date.now = () => real() + 3_600_000;
      gate.resolve('');
      expect(await Promise.all(passing)).toHaveLength(2);
      await Promise.all(blocked);
    } finally {
      Date.now = real;
    }
  });

  it('harms no other: the answer that comes too late is dropped', async () => {
    await failure(work.slow());
    gate.resolve('late');
    await turns();
    expect(await work.quick()).toBe(2);
  });

  it('has the time that its handle says, or none at all', async () => {
    expect(await failure(manager.with(work, { timeout: 20 }).slow())).toMatchObject({ timeout: 20 });
    const patient = manager.with(work, { timeout: 0 }).slow();
    await failure(work.slow());
    gate.resolve('at last');
    expect(await patient).toBe('at last');
  });

  it('tells the method its deadline, and none where there is none', async () => {
    const before = Date.now();
    await failure(work.slow());
    expect(deadline).toBeGreaterThanOrEqual(before + 30);
    expect(deadline).toBeLessThanOrEqual(Date.now() + 60);
    void manager
      .with(work, { timeout: 0 })
      .slow()
      .catch(() => undefined);
    await until(() => started === 2);
    expect(deadline).toBeUndefined();
  });

  it('does so although the garbage collector went over all that waits', async () => {
    const ticket = { server: 'nowhere', generation: 1, typeid: 'Work', objectId: 1, number: 1 };
    const patient = house.manager({ timeout: 400 });
    const other = await patient.create(Work);
    const calls = [
      patient.at('nowhere').create(Work),
      patient.redeem(formatTicket({ ...ticket, secret: new Uint8Array(16) })),
      // The arguments of this one are not reached.
      other.take(patient.at('nowhere').named('lazy').lazy(Work)),
    ].map((call) => failure(call));
    const collecting = setInterval(() => globalThis.gc?.(), 100);
    const errors = await Promise.all(calls);
    clearInterval(collecting);
    expect(errors.map(({ fate }) => fate)).toEqual(['not-executed', 'not-executed', 'not-executed']);
  });

  it('has no default timeout where its method may wait for ever', async () => {
    const waiting = work.wait();
    await failure(work.slow());
    gate.resolve('waited');
    expect(await waiting).toBe('waited');
  });

  it('has the timeout it was given, also where its method may wait for ever', async () => {
    expect(await failure(manager.with(work, { timeout: 20 }).wait())).toMatchObject({
      code: 'ERR_MANAGER_CALL_TIMEOUT',
      timeout: 20,
    });
  });

  it('was not executed where it never left', async () => {
    const busy = [0, 1, 2, 3].map(() => manager.with(work, { timeout: 500 }).slow());
    const error = await failure(work.quick());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT', fate: 'not-executed' });
    gate.resolve('done');
    await Promise.all(busy);
    expect(started).toBe(4);
  });

  it('is not started where it was too old on arrival', async () => {
    const patient = manager.with(work, { timeout: 0 });
    const [blocked, late] = [patient.block(120), manager.with(work, { timeout: 50 }).quick()];
    void blocked;
    expect(await failure(late)).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT' });
    await blocked;
  });

  it.each([-1, NaN, Infinity, 2 ** 31])('cannot be given %d ms', (timeout) => {
    expect(() => manager.with(work, { timeout })).toThrow(/timeout is a number of ms/);
  });
});

describe('what takes more than one step', () => {
  it('has one timeout for all of them: finding a server, opening a session, and what is asked there', async () => {
    const [elsewhere, timeout] = [new House(), 1000];
    const line = elsewhere.line();
    const frames = new Map<string, number>();
    // Each manager hears the server's second welcome, which answers its second hello, and no answer after that.
    line.fortune = (owner, lane) => {
      if (lane === 'beats') return 'arrives';
      frames.set(owner, (frames.get(owner) ?? 0) + 1);
      return frames.get(owner) === 2 ? 'arrives' : 'lost';
    };
    const { generation } = (await elsewhere.server([Work], { transport: line })).identity;
    const ticket = { server: 'default', generation, typeid: 'Work', objectId: 1, number: 1 };
    const asked: Record<string, (one: Manager) => Promise<unknown>> = {
      create: (one) => one.create(Work),
      find: (one) => one.find(Work, 'x'),
      unlink: (one) => one.unlink(Work, 'x'),
      ping: (one) => one.ping(),
      numberOfObjects: (one) => one.numberOfObjects(),
      debugInfo: (one) => one.debugInfo(),
      redeem: (one) => one.redeem(formatTicket({ ...ticket, secret: new Uint8Array(16) })),
    };
    await Promise.all(
      Object.entries(asked).map(async ([method, ask]) => {
        const error = await failure(ask(elsewhere.manager({ timeout })));
        expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_TIMEOUT', method, fate: 'unknown' });
        expect(error['timeout']).toBeLessThan(timeout - 200);
      }),
    );
    await elsewhere.close();
  });
});

describe('a call that its caller ends', () => {
  it('fails at once with the reason as its cause; the method is told', async () => {
    const stop = new AbortController();
    const call = manager.with(work, { signal: stop.signal }).slow();
    await until(() => started === 1);
    const reason = new Error('the request was closed');
    stop.abort(reason);
    const error = await failure(call);
    expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'unknown', method: 'slow' });
    expect(error.cause).toBe(reason);
    await until(() => aborted === 1);
  });

  it('was not executed where its signal had fired before', async () => {
    const error = await failure(manager.with(work, { signal: AbortSignal.abort() }).quick());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'not-executed' });
    await turns();
    expect(started).toBe(0);
  });

  it('was not executed where it waited for credit', async () => {
    const patient = manager.with(work, { timeout: 500 });
    const busy = [0, 1, 2, 3].map(() => patient.slow());
    const stop = new AbortController();
    const queued = manager.with(work, { timeout: 500, signal: stop.signal }).quick();
    await until(() => started === 4);
    stop.abort();
    expect(await failure(queued)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'not-executed' });
    gate.resolve('done');
    await Promise.all(busy);
    expect(started).toBe(4);
  });

  it('is not started where it was ended in the turn in which it was made', async () => {
    const stop = new AbortController();
    const call = manager.with(work, { signal: stop.signal }).quick();
    stop.abort();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'not-executed' });
    await turns();
    expect(started).toBe(0);
  });

  it('leaves no listener on a signal that is used for many calls', async () => {
    const signal = new AbortController().signal;
    const view = manager.with(work, { signal });
    for (let i = 0; i < 50; i++) await view.quick();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('a call of a named object that cannot be reached', () => {
  it('fails in its time, not executed, and says so', async () => {
    const lazy = house.manager({ timeout: 60 }).at('nowhere').named('x').lazy(Work);
    expect(await failure(lazy.quick())).toMatchObject({
      code: 'ERR_MANAGER_SERVER_UNAVAILABLE',
      fate: 'not-executed',
      retryable: true,
    });
  });

  it('is ended by its signal', async () => {
    const stop = new AbortController();
    const nowhere = house.manager();
    const call = nowhere.with(nowhere.at('nowhere').named('x').lazy(Work), { signal: stop.signal }).quick();
    stop.abort();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'not-executed' });
  });

  it('and creating there fail in their time', async () => {
    const error = await failure(house.manager({ timeout: 60 }).at('nowhere').create(Work));
    expect(error).toMatchObject({ code: 'ERR_MANAGER_SERVER_UNAVAILABLE', fate: 'not-executed', server: 'nowhere' });
  });
});
