import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, type SharedProxy } from '../definition/index.js';
import { deferred, failure, House, until, type Deferred } from './house.suite.js';

let gate: Deferred;
let running: number;
let most: number;

@SharedType({ waits: ['wait'] })
class Busy {
  async work(): Promise<void> {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
  }
  wait(): Promise<void> {
    return this.work();
  }
  quick(): number {
    return 1;
  }
  count(...numbers: number[]): number {
    return numbers.length;
  }
  take(bytes: string): number {
    return bytes.length;
  }
  give(length: number): string {
    return 'x'.repeat(length);
  }
}

let house: House;

beforeEach(() => {
  [gate, running, most] = [deferred(), 0, 0];
  house = new House();
});
afterEach(() => house.close());

async function busy(server: object, client: object = {}): Promise<SharedProxy<Busy>> {
  await house.server([Busy], { limits: server });
  return house.manager({ limits: client }).create(Busy);
}

describe('the credit of a session', () => {
  it('bounds the calls that are under way, and the rest follow', async () => {
    const proxy = await busy({ calls: 5 });
    const calls = Array.from({ length: 20 }, () => proxy.work());
    await until(() => running === 5);
    gate.resolve();
    await Promise.all(calls);
    expect(most).toBeLessThanOrEqual(20);
    expect(await proxy.quick()).toBe(1);
  });

  it('does not count calls that wait', async () => {
    const proxy = await busy({ calls: 3 });
    const waiting = Array.from({ length: 10 }, () => proxy.wait());
    await until(() => running === 10);
    expect(await proxy.quick()).toBe(1);
    gate.resolve();
    await Promise.all(waiting);
  });

  it('bounds the calls that wait by a cap of their own: one more is refused at once', async () => {
    const proxy = await busy({ waiting: 4 });
    const waiting = Array.from({ length: 4 }, () => proxy.wait());
    expect(await failure(proxy.wait())).toMatchObject({
      code: 'ERR_MANAGER_OVERLOADED',
      fate: 'not-executed',
      retryable: true,
    });
    gate.resolve();
    await Promise.all(waiting);
    await proxy.wait();
  });

  it('bounds bytes in both directions, and everything gets through', async () => {
    const limits = { bytes: 20_000, messageBytes: 10_000 };
    const proxy = await busy(limits, limits);
    const text = 'x'.repeat(6000);
    expect(await Promise.all(Array.from({ length: 50 }, () => proxy.take(text)))).toEqual(Array(50).fill(6000));
    expect((await Promise.all(Array.from({ length: 50 }, () => proxy.give(6000)))).map((each) => each.length)).toEqual(
      Array(50).fill(6000),
    );
  });
});

describe('an application that asks for more than can leave', () => {
  it('bounds the bytes that an application keeps for later, and refuses the rest', async () => {
    const KIB = 1024;
    const proxy = await busy({ calls: 1 }, { bytes: 64 * KIB });
    // One is under way, sixteen times as much as may be waits, and one more came while that was not yet so.
    const calls = Array.from({ length: 40 }, () => proxy.take('x'.repeat(32 * KIB)));
    const settled = await Promise.allSettled(calls);
    const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'ERR_MANAGER_OVERLOADED', fate: 'not-executed' });
    expect(settled.length - refused.length).toBeGreaterThanOrEqual(31);
    expect(settled.length - refused.length).toBeLessThanOrEqual(33);
    expect(await proxy.quick()).toBe(1);
  });

  it('is told so, with nothing executed, and goes on when there is room', async () => {
    const proxy = await busy({ calls: 2 }, { queued: 3 });
    const calls = Array.from({ length: 5 }, () => proxy.work());
    expect(await failure(proxy.work())).toMatchObject({
      code: 'ERR_MANAGER_OVERLOADED',
      fate: 'not-executed',
      retryAfter: 100,
    });
    gate.resolve();
    await Promise.all(calls);
    expect(await proxy.quick()).toBe(1);
  });

  it('may make as many calls in one turn as there is credit for', async () => {
    const proxy = await busy({ calls: 1000 }, { queued: 3 });
    expect(await Promise.all(Array.from({ length: 100 }, () => proxy.quick()))).toHaveLength(100);
  });

  it('is told so of calls that cannot be sent because their object was never reached', async () => {
    const lazy = house
      .manager({ limits: { queued: 3 } })
      .named('x')
      .lazy(Busy);
    const calls = Array.from({ length: 3 }, () => lazy.quick());
    expect(await failure(lazy.quick())).toMatchObject({ code: 'ERR_MANAGER_OVERLOADED', fate: 'not-executed' });
    await house.server([Busy]);
    expect(await Promise.all(calls)).toEqual([1, 1, 1]);
  });

  it('is told at once that a message is larger than the whole credit', async () => {
    const proxy = await busy({ bytes: 1000 });
    expect(await failure(proxy.take('x'.repeat(2000)))).toMatchObject({
      code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE',
      fate: 'not-executed',
    });
    expect(await proxy.take('x'.repeat(500))).toBe(500);
  });

  it('is told so too of an answer that is larger than the whole credit', async () => {
    const proxy = await busy({}, { bytes: 1000 });
    expect(await failure(proxy.give(2000))).toMatchObject({ code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE', fate: 'executed' });
    expect(await proxy.give(500)).toHaveLength(500);
  });

  it('holds many small arguments against the limit of a message, too', async () => {
    const proxy = await busy({ messageBytes: 1000 });
    expect(await failure(proxy.count(...Array.from({ length: 500 }, (_, i) => i + 0.5)))).toMatchObject({
      code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE',
      fate: 'not-executed',
    });
    expect(await proxy.count(1, 2)).toBe(2);
  });

  it('holds answers against the limit of the application that gets them', async () => {
    const proxy = await busy({}, { messageBytes: 1000 });
    expect(await failure(proxy.give(2000))).toMatchObject({ code: 'ERR_MANAGER_PAYLOAD_TOO_LARGE', fate: 'executed' });
    expect(await proxy.quick()).toBe(1);
  });
});
