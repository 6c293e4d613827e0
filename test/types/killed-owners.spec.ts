import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { LEASE, Stage, type OwnerWorker } from '../support/stage.js';
import { until } from '../support/until.js';
import type { Kind } from '../workers/owner.js';

jest.setTimeout(30_000);

/** Ms from its death until nothing of it is left. */
const GONE = LEASE + 1000;

interface Outcome {
  value?: unknown;
  error?: unknown;
  /** Ms after the death. */
  after: number;
}

/** One application that is killed while it runs, one that is killed while it is stopped, and one that lives on: all at once. */
describe('the death of an application', () => {
  let redis: RedisServer;
  let stage: Stage;
  let killed: OwnerWorker;
  let stopped: OwnerWorker;
  let heir: OwnerWorker;
  let diedAt: number;
  /** What the heir waited for when the others died. */
  const outcomes = new Map<string, Promise<Outcome>>();

  const objects: Record<string, [Kind, unknown[]?]> = {
    lock: ['lock'],
    'lock that others wait for': ['lock'],
    rlock: ['rlock'],
    permits: ['semaphore', [2]],
    condition: ['condition'],
    barrier: ['barrier', [3]],
    'empty queue': ['queue'],
    'queue that others wait for': ['queue'],
    'queue with items': ['queue'],
  };

  const state = (name: string): Promise<Record<string, unknown>> => heir.ask('state', name);
  const stateIs = (name: string, expected: Record<string, unknown>): Promise<{ after: number }> =>
    until(
      () => state(name),
      (now) => Object.entries(expected).every(([key, value]) => now[key] === value),
      { within: 2 * LEASE, every: 10, what: `${name} with ${JSON.stringify(expected)}` },
    );
  /** Something that lasts beyond a death: ends with its time. */
  const expects = (what: string, promise: Promise<unknown>): void => {
    const after = (): number => performance.now() - diedAt;
    outcomes.set(
      what,
      promise.then(
        (value) => ({ value, after: after() }),
        (error: unknown) => ({ error, after: after() }),
      ),
    );
  };
  const outcome = async (what: string): Promise<Outcome> => {
    const found = await outcomes.get(what);
    if (!found) throw new Error(`Nothing waits for ${what}`);
    return found;
  };
  /** What the dying wait for: that it fails with them is no news. */
  const begin = (promise: Promise<unknown>): void => void promise.catch(() => undefined);

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    await stage.server();
    [killed, stopped, heir] = await Promise.all([stage.owner('killed'), stage.owner('stopped'), stage.owner('heir')]);
    for (const owner of [killed, stopped, heir]) {
      for (const [name, [kind, args]] of Object.entries(objects)) await owner.ask('open', kind, name, args);
    }

    await killed.ask('call', 'task', 'lock', 'acquire');
    expects('lock', heir.ask('call', 'task', 'lock', 'acquire'));
    for (let depth = 0; depth < 3; depth++) await killed.ask('call', 'task', 'rlock', 'acquire');
    expects('rlock', heir.ask('call', 'task', 'rlock', 'acquire'));
    for (let permits = 0; permits < 2; permits++) {
      await killed.ask('call', 'task', 'permits', 'acquire');
    }
    for (let permits = 0; permits < 2; permits++) {
      expects(`permit ${permits}`, heir.ask('call', 'task', 'permits', 'acquire'));
    }

    for (const [owner, waiters] of [
      [killed, 1],
      [heir, 2],
    ] as const) {
      await owner.ask('call', 'task', 'condition', 'acquire');
      const notified = owner.ask('call', 'task', 'condition', 'wait');
      const passed = owner.ask('call', 'task', 'barrier', 'wait');
      if (owner === heir) expects('notification', notified);
      else begin(notified);
      if (owner === heir) expects('barrier', passed);
      else begin(passed);
      await stateIs('condition', { waiters });
      await stateIs('barrier', { waiters });
    }

    await heir.ask('call', 'owner', 'lock that others wait for', 'acquire');
    begin(killed.ask('call', 'task', 'lock that others wait for', 'acquire'));
    await stateIs('lock that others wait for', { waiters: 1 });
    expects('lock behind the dead', heir.ask('call', 'another', 'lock that others wait for', 'acquire'));
    await stateIs('lock that others wait for', { waiters: 2 });

    begin(killed.ask('call', 'task', 'empty queue', 'get'));
    await stateIs('empty queue', { getters: 1 });
    begin(killed.ask('call', 'task', 'queue that others wait for', 'get'));
    await stateIs('queue that others wait for', { getters: 1 });
    expects('item behind the dead', heir.ask('call', 'task', 'queue that others wait for', 'get'));
    await stateIs('queue that others wait for', { getters: 2 });

    for (let getters = 1; getters <= 3; getters++) {
      begin(stopped.ask('call', 'task', 'queue with items', 'get'));
      await stateIs('queue with items', { getters });
    }
    stopped.pause();
    for (let item = 1; item <= 5; item++) await heir.ask('call', 'task', 'queue with items', 'put', item);
    await stateIs('queue with items', { handedOver: 3, size: 2 });

    diedAt = performance.now();
    await Promise.all([killed.kill(), stopped.kill()]);
    // The server does not know yet: what becomes free goes to the dead first.
    await heir.ask('call', 'owner', 'lock that others wait for', 'release');
    for (const item of ['first', 'second']) {
      await heir.ask('call', 'task', 'queue that others wait for', 'put', item);
    }
    expects('returned items', stateIs('queue with items', { handedOver: 0 }));
    expects('last getter', stateIs('empty queue', { getters: 0 }));
    expects('last waiter', stateIs('condition', { waiters: 1 }));
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  it.each(['lock', 'rlock', 'permit 0', 'permit 1'])('gives what it held to the next in line: %s', async (what) => {
    const { value, after } = await outcome(what);
    expect(value).toBe(true);
    expect(after).toBeLessThanOrEqual(GONE);
  });

  it('leaves a lock that it held several times to one owner, once', async () => {
    await outcome('rlock');
    expect(await state('rlock')).toMatchObject({ owner: { application: 'heir', depth: 1 }, waiters: 0 });
  });

  it('takes it out of the line for a lock, which passes on', async () => {
    const { value, after } = await outcome('lock behind the dead');
    expect(value).toBe(true);
    expect(after).toBeLessThanOrEqual(GONE);
  });

  it('takes it out of the wait of a condition: the next notification wakes one who lives', async () => {
    expect((await outcome('last waiter')).after).toBeLessThanOrEqual(GONE);
    await heir.ask('call', 'notifier', 'condition', 'acquire');
    await heir.ask('call', 'notifier', 'condition', 'notify');
    await heir.ask('call', 'notifier', 'condition', 'release');
    expect(await outcome('notification')).toMatchObject({ value: true });
  });

  it('breaks the barrier that it waited at', async () => {
    const { error, after } = await outcome('barrier');
    expect(error).toMatchObject({ class: 'BrokenBarrierError', message: expect.stringContaining('killed') });
    expect(after).toBeLessThanOrEqual(GONE);
    expect(await heir.ask('call', 'task', 'barrier', 'broken')).toBe(true);
  });

  it('takes it out of the line at a queue: what is put then goes to the living', async () => {
    expect((await outcome('last getter')).after).toBeLessThanOrEqual(GONE);
    await heir.ask('call', 'task', 'empty queue', 'put', 'item');
    expect(await heir.ask('call', 'task', 'empty queue', 'get', { timeout: 1000 })).toBe('item');
  });

  it('brings back an item that was handed to it after its death', async () => {
    // Who stood behind it had the second one.
    const { value, after } = await outcome('item behind the dead');
    expect(value).toBe('second');
    expect(after).toBeLessThan(1000);
    const { after: back } = await stateIs('queue that others wait for', { size: 1, handedOver: 0 });
    expect(back).toBeLessThanOrEqual(GONE);
    expect(await heir.ask('call', 'task', 'queue that others wait for', 'getNowait')).toBe('first');
  });

  it('brings back items whose arrival it did not acknowledge, to the head and in their old order', async () => {
    expect((await outcome('returned items')).after).toBeLessThanOrEqual(GONE);
    expect(await state('queue with items')).toMatchObject({ size: 5, unfinished: 5, getters: 0 });
    const items = [];
    for (let i = 0; i < 5; i++) items.push(await heir.ask('call', 'task', 'queue with items', 'getNowait'));
    expect(items).toEqual([1, 2, 3, 4, 5]);
  });
});
