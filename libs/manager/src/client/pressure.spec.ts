import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType } from '../definition/index.js';
import { OverloadedError, SessionExpiredError } from '../protocol/index.js';
import { silentLogger } from '../server/index.js';
import { deferred, failure, House, until, type Deferred } from './house.suite.js';

let gate: Deferred;

@SharedType()
class Mill {
  grind(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }
  many(count: number): Mill[] {
    return Array.from({ length: count }, () => new Mill());
  }
  blob(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }
  async later(bytes: number): Promise<Uint8Array> {
    await gate.promise;
    return new Uint8Array(bytes);
  }
}

describe('under pressure', () => {
  let house: House;
  beforeEach(() => {
    house = new House();
    gate = deferred();
  });
  afterEach(() => house.close());

  it('a session that floods does not take the turns of another', async () => {
    await house.server([Mill]);
    const greedy = await house.manager().create(Mill);
    const other = house.manager();
    const modest = await other.create(Mill);
    const order: number[] = [];
    // A second of work, said in one breath.
    const flood = Promise.all(Array.from({ length: 1000 }, (_, i) => greedy.grind(1).then(() => order.push(i))));
    await until(() => order.length > 0);
    await modest.grind(0);
    await modest.grind(0);
    // Without turns they would have come after all of it.
    expect(order.length).toBeLessThan(500);
    await flood;
    expect(order).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('references beyond the cap are refused, and what was asked for was not made', async () => {
    const server = await house.server([Mill], { limits: { references: 10 } });
    const manager = house.manager();
    const mills = [];
    for (let i = 0; i < 10; i++) mills.push(await manager.create(Mill));
    const refused = await failure(manager.create(Mill));
    expect(refused).toBeInstanceOf(OverloadedError);
    expect(refused).toMatchObject({ fate: 'not-executed', retryAfter: expect.any(Number) });
    expect(await failure(manager.get(Mill, 'name'))).toBeInstanceOf(OverloadedError);
    const [first] = mills as [NonNullable<(typeof mills)[0]>];
    const given = await failure(first.many(1));
    expect(given).toBeInstanceOf(OverloadedError);
    expect(given['fate']).toBe('executed');
    expect(server.table.size).toBe(10);
    for (const mill of mills.splice(5)) await manager.release(mill);
    expect(await (await manager.create(Mill)).blob(1)).toHaveLength(1);
    expect(await (await house.manager().create(Mill)).blob(1)).toHaveLength(1);
  });

  it('a peer that beats and acknowledges nothing loses its session after a lease', async () => {
    const logged: string[] = [];
    await house.server([Mill], { lease: 500, logger: { ...silentLogger, warn: (text: string) => logged.push(text) } });
    const line = house.line();
    const mill = await house.manager({ transport: line }).create(Mill);
    await mill.grind(0);
    // It is heard, and does not hear.
    line.deaf = true;
    const call = mill.blob(10).catch(() => undefined);
    await until(() => logged.some((text) => /acknowledged for 500 ms, though it beats/.test(text)));
    line.mend();
    // Its answer may still be read, from the inbox.
    await call;
    expect(await failure(mill.blob(1))).toBeInstanceOf(SessionExpiredError);
  });

  it('answers of calls that ran side by side are kept up to a bound for who does not read them, and dropped beyond', async () => {
    const [KIB, CREDIT] = [1024, 256 * 1024];
    await house.server([Mill], { limits: { bytes: CREDIT, messageBytes: CREDIT } });
    const line = house.line();
    const mill = await house.manager({ transport: line }).create(Mill);
    const other = await house.manager().create(Mill);
    // All of them begin before the first has ended.
    const calls = Array.from({ length: 100 }, () => mill.later(64 * KIB));
    const answers = Promise.allSettled(calls);
    await mill.grind(0);
    line.deaf = true;
    gate.resolve();
    for (let i = 0; i < 10; i++) expect(await other.blob(KIB)).toHaveLength(KIB);
    line.mend();
    const settled = await answers;
    const dropped = settled.filter(({ status }) => status === 'rejected');
    for (const { reason } of dropped as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(OverloadedError);
      expect(reason).toMatchObject({ fate: 'executed', retryAfter: expect.any(Number) });
    }
    // Sixteen times the credit, and what brought it beyond that.
    expect(settled.length - dropped.length).toBeGreaterThanOrEqual((16 * CREDIT) / (64 * KIB));
    expect(settled.length - dropped.length).toBeLessThanOrEqual((16 * CREDIT) / (64 * KIB) + 2);
    expect(await mill.blob(1)).toHaveLength(1);
  });
});
