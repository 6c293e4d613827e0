import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { BEAT, LEASE, Stage, type OwnerWorker, type ServerWorker } from '../support/stage.js';

jest.setTimeout(30_000);

describe('the owner of a lock that does not run for a while', () => {
  let redis: RedisServer;
  let stage: Stage;
  let server: ServerWorker;
  let owner: OwnerWorker;
  let other: OwnerWorker;
  let tests = 0;
  let endsBefore = 0;

  beforeAll(async () => {
    redis = await startRedis();
    stage = new Stage(redis);
    server = await stage.server();
    [owner, other] = await Promise.all([stage.owner('owner'), stage.owner('other')]);
  });
  beforeEach(async () => {
    tests++;
    endsBefore = ends();
    for (const one of [owner, other]) {
      await one.ask('open', 'lock', lock());
      await one.ask('open', 'lock', plain());
    }
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
  });

  const lock = (): string => `guarded ${tests}`;
  const plain = (): string => `plain ${tests}`;
  const vault = (): string => `vault ${tests}`;
  /** How often the server ended a session of the owner. */
  const ends = (): number => server.logs.filter(({ text }) => /of owner .*gave no sign of life/.test(text)).length;

  it('keeps it in a pause shorter than the lease minus two beats', async () => {
    const fence = await owner.ask('guard', lock(), vault());
    owner.pause();
    await sleep(LEASE - 2 * BEAT - 100);
    owner.resume();
    expect(await other.ask('call', undefined, lock(), 'acquire', { blocking: false })).toBe(false);
    expect(await owner.ask('call', undefined, lock(), 'fence')).toBe(fence);
    const { error, notes } = await owner.ask('unguard', lock());
    expect(error).toBeUndefined();
    expect(notes.some(({ what }) => what === 'lost')).toBe(false);
    expect(ends()).toBe(endsBefore);
  });

  it('has lost it after a longer one, and hears so before any further call of its leaves', async () => {
    await owner.ask('call', undefined, plain(), 'acquire');
    const fence = await owner.ask('guard', lock(), vault());
    const session = await owner.ask('session');
    const begun = performance.now();
    owner.pause();
    const newer = await other.ask('guard', lock(), vault());
    expect(performance.now() - begun).toBeLessThanOrEqual(LEASE + 1000);
    expect(newer).toBeGreaterThan(fence);
    expect(await other.ask('call', undefined, plain(), 'acquire')).toBe(true);
    await sleep(200);
    const resumed = Date.now();
    owner.resume();

    const { error, notes } = await owner.ask('unguard', lock());
    expect(error).toMatchObject({ class: 'SessionExpiredError', code: 'ERR_MANAGER_SESSION_EXPIRED' });
    const since = notes.filter(({ at }) => at >= resumed);
    expect(since[0]?.what).toBe('lost');
    expect(since.length).toBeLessThanOrEqual(2);
    expect(ends()).toBe(endsBefore + 1);

    // What it acquired itself, without being told that it is lost, it cannot release any more.
    const release = await owner.ask('call', undefined, plain(), 'release').catch((failed: unknown) => failed);
    expect(['SessionExpiredError', 'StateError']).toContain((release as { class: string }).class);
    const again = await owner.ask('call', undefined, lock(), 'release').catch((failed: unknown) => failed);
    expect(again).toMatchObject({ class: 'StateError', message: expect.stringContaining(`${other.name} `) });
    expect(await owner.ask('call', undefined, lock(), 'fence')).toBeUndefined();
    expect(await other.ask('call', undefined, lock(), 'fence')).toBe(newer);
    expect(await other.ask('call', undefined, plain(), 'locked')).toBe(true);

    const writes = await other.ask('writes', vault());
    expect(writes.map(({ by }) => by)).toEqual([owner.name, other.name]);
    expect(writes[0]).toMatchObject({ session, fence });
    await other.ask('unguard', lock());
  });

  it('that only thinks it lost it has given it back before its next call', async () => {
    const fence = await owner.ask('guard', lock(), vault());
    const session = await owner.ask('session');
    const next = other.ask('guard', lock(), vault());
    redis.pause();
    // Nobody can read a beat, so nobody's lease runs out at the server; the applications cannot know that.
    await sleep(LEASE + 500);
    redis.resume();

    const { error, notes, fenceThen } = await owner.ask('unguard', lock());
    expect(error).toMatchObject({ class: 'SessionExpiredError' });
    expect(fenceThen).toBeUndefined();
    expect(notes.slice(-2).map(({ what }) => what)).toContain('lost');
    expect(await owner.ask('call', undefined, lock(), 'fence')).toBeUndefined();
    expect(await owner.ask('session')).toBe(session);
    expect(ends()).toBe(endsBefore);
    expect(await next).toBeGreaterThan(fence);
    expect((await other.ask('unguard', lock())).error).toBeUndefined();
  });
});
