// Who may XADD to an inbox chooses the id of the entry, and those after it must be greater.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { defineType } from '../../libs/manager/src/definition/index.js';
import { ManagerServer, silentLogger } from '../../libs/manager/src/server/index.js';
import { RedisTransport } from '../../libs/manager/src/transport/index.js';
import { Manager } from '../../libs/manager/src/types/index.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { Trap } from './traps.js';

const NAMESPACE = 'ids';
const KEY = 'a key of those who know each other';

describe('entries with ids of the future', () => {
  let redis: RedisServer;
  let raw: Redis;
  let server: ManagerServer;
  const managers: Manager[] = [];
  const transport = (): RedisTransport => new RedisTransport({ redis: redis.url, namespace: NAMESPACE });
  const connect = (): Manager => {
    const manager = new Manager({ transport: transport(), authkey: KEY });
    managers.push(manager);
    return manager;
  };

  beforeEach(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    const options = { transport: transport(), types: [defineType(Trap)], logger: silentLogger };
    server = new ManagerServer({ ...options, authkey: KEY, lease: 1200 });
    await server.start();
  });
  afterEach(async () => {
    for (const manager of managers.splice(0)) await manager.close();
    await server.close();
    raw.disconnect();
    await redis.stop();
  });

  it.each([
    ['the last id that there is', '18446744073709551615-18446744073709551615'],
    ['an id of the year 2255', '9000000000000-0'],
  ])('%s: inboxes begin anew, sessions go on, and others are opened', async (_what, id) => {
    const trap = await connect().create<Trap>('Trap', 'first');
    expect(await trap.add(1)).toBe(1);
    const inboxes = (await raw.keys(`${NAMESPACE}:*:frames`)).concat(await raw.keys(`${NAMESPACE}:*:beats`));
    expect(inboxes).toHaveLength(4);
    for (const key of inboxes) await raw.xadd(key, id, 'f', 'no frame');
    // What is lost with the old streams is sent again.
    expect(await trap.add(1)).toBe(2);
    // The clock by which hellos are judged, and the time that calls were under way, did not follow.
    const late = await connect().create<Trap>('Trap', 'second');
    expect(await late.add(1)).toBe(1);
    expect(await trap.add(1)).toBe(3);
    expect(server.sessions).toBe(2);
  });
});
