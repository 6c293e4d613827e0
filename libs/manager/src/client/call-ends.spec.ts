import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  currentCall,
  currentTask,
  debugState,
  inTask,
  referentOf,
  runTask,
  SharedType,
  type SharedProxy,
} from '../definition/index.js';
import { MessageKind } from '../protocol/index.js';
import { silentLogger, type ManagerServer } from '../server/index.js';
import { deferred, failure, House, until } from './house.suite.js';
import type { Manager } from './index.js';
import { RawPeer } from './raw-peer.suite.js';

const events: string[] = [];
const logged: string[] = [];
let gate = deferred();

@SharedType({ waits: ['wait'] })
class Desk {
  hand(): string {
    const call = currentCall();
    call.onDelivered(() => events.push('delivered'));
    call.onUndelivered(() => events.push('undelivered'));
    return 'thing';
  }
  async handLater(): Promise<string> {
    const call = currentCall();
    call.onDelivered(() => events.push('delivered'));
    call.onUndelivered(() => events.push('undelivered'));
    await gate.promise;
    return 'thing';
  }
  own(): void {
    currentCall().onSessionEnd(() => events.push('session ended'));
  }
  disown(): void {
    currentCall().onSessionEnd(() => events.push('never'))();
  }
  fails(): void {
    currentCall().onSessionEnd(() => {
      throw new Error('no');
    });
  }
  async ownLater(): Promise<void> {
    const call = currentCall();
    await gate.promise;
    call.onSessionEnd(() => events.push('had ended'));
  }
  async wait(): Promise<void> {
    const { signal } = currentCall();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }
  self(): unknown {
    return currentCall().object;
  }
  say(text: string): void {
    currentCall().logger.warn(text);
  }
  task(): string | undefined {
    return currentCall().task;
  }
  [debugState](): Record<string, unknown> {
    return { events: events.length };
  }
}

@SharedType()
class Broken {
  [debugState](): never {
    throw new Error('no state');
  }
  nothing(): void {}
}

@SharedType()
class Clerk {
  async use(desk: SharedProxy<Desk>, member: 'own' | 'hand' | 'fails' | 'disown'): Promise<void> {
    await desk[member]();
  }
  knows(desk: SharedProxy<Desk>): boolean {
    return referentOf(desk) instanceof Desk;
  }
  async within(clerk: SharedProxy<SerialClerk>): Promise<void> {
    await runTask(() => clerk.stay());
  }
  async tasks(desk: SharedProxy<Desk>): Promise<(string | undefined)[]> {
    const own = currentCall().task;
    const found = await inTask(() => desk.task());
    const other = await runTask(() => desk.task());
    return [own, found, other];
  }
}

@SharedType({ serial: true })
class SerialClerk extends Clerk {
  async taskOf(desk: SharedProxy<Desk>): Promise<string | undefined> {
    return desk.task();
  }
  async stay(): Promise<void> {
    await gate.promise;
  }
}

describe('what hosted code knows of the ends of a call', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;
  let desk: SharedProxy<Desk>;
  beforeEach(async () => {
    events.length = logged.length = 0;
    gate = deferred();
    house = new House();
    const logger = {
      ...silentLogger,
      warn: (text: string) => logged.push(text),
      error: (text: string) => logged.push(text),
    };
    server = await house.server([Desk, Clerk, SerialClerk, Broken], { logger });
    manager = house.manager();
    desk = await manager.create(Desk);
  });
  afterEach(() => house.close());

  it('the answer reached somebody who waited', async () => {
    expect(await desk.hand()).toBe('thing');
    await until(() => events.length > 0);
    expect(events).toEqual(['delivered']);
  });

  it.each([true, false])(
    'the one who waited left at once: its answer is acknowledged with its goodbye: %s',
    async (heard) => {
      const peer = await RawPeer.open(house.medium, server);
      const { id } = await peer.create('Desk');
      peer.deaf = true;
      expect(await peer.call(id, 'hand', [])).toEqual({ value: 'thing' });
      if (!heard) peer.taken--;
      await peer.send([MessageKind.bye, 'closed']);
      await until(() => events.length > 0);
      expect(events).toEqual([heard ? 'delivered' : 'undelivered']);
    },
  );

  it('nobody waited any more', async () => {
    const controller = new AbortController();
    const call = failure(manager.with(desk, { signal: controller.signal }).handLater());
    await desk.self();
    controller.abort();
    await call;
    gate.resolve();
    await until(() => events.length > 0);
    expect(events).toEqual(['undelivered']);
  });

  it('the call was one of hosted code', async () => {
    const clerk = await manager.create(Clerk);
    await clerk.use(desk, 'hand');
    expect(events).toEqual(['delivered']);
  });

  it('its session ended, of the calls of hosted code it made as well', async () => {
    const clerk = await manager.create(Clerk);
    await desk.own();
    await clerk.use(desk, 'own');
    await desk.disown();
    await manager.close();
    await until(() => events.length > 0);
    expect(events).toEqual(['session ended', 'session ended']);
  });

  it('a handler that throws is logged, and keeps no other from running', async () => {
    await desk.fails();
    await desk.own();
    await manager.close();
    await until(() => events.length > 0);
    expect(logged).toEqual([expect.stringMatching(/onSessionEnd handler .* failed: no/)]);
  });

  it('its session had ended before it asked', async () => {
    const call = failure(desk.ownLater());
    await desk.self();
    await manager.close();
    await call;
    gate.resolve();
    await until(() => events.length > 0);
    expect(events).toEqual(['had ended']);
  });

  it('the server closes: calls that wait and listen to their signal do not hold it up', async () => {
    const server = await house.server([Desk], { name: 'second', closeTimeout: 60_000 });
    const there = await manager.at('second').create(Desk);
    const waiting = failure(there.wait());
    await there.self();
    await server.close();
    expect((await waiting).name).toBe('ObjectLostError');
  });

  it('what is called, and where the server logs', async () => {
    const { id } = manager.token(desk) as { id: number };
    expect(await desk.self()).toEqual({ id, typeid: 'Desk' });
    expect(await (await manager.get(Desk, 'front')).self()).toMatchObject({ name: 'front' });
    await desk.say('careful');
    expect(logged).toEqual(['careful']);
  });

  it('the instance behind a proxy, in the same server only', async () => {
    expect(referentOf(desk)).toBeUndefined();
    expect(await (await manager.create(Clerk)).knows(desk)).toBe(true);
  });

  it('the task of its caller, or one of its own', async () => {
    const clerk = await manager.create(Clerk);
    const [none, made, other] = await clerk.tasks(desk);
    expect(none).toBeUndefined();
    expect(made).toEqual(expect.any(String));
    expect(other).not.toBe(made);
    await manager.task(async () => {
      const [own, found, another] = await clerk.tasks(desk);
      expect(own).toBe(currentTask());
      expect(found).toBe(own);
      expect(another).not.toBe(own);
    });
  });

  it('the task of its caller, where calls of several waited for their object', async () => {
    const lazy = manager.named('lazy').lazy(Desk);
    const tasks = await Promise.all([1, 2].map(() => manager.task(async () => [currentTask(), await lazy.task()])));
    for (const [own, told] of tasks) expect(told).toBe(own);
    expect(await house.manager().named('lazier').lazy(Desk).task()).toBeUndefined();
  });

  it('not the task of the call before it in the line of a serial object', async () => {
    const clerk = await manager.create(SerialClerk);
    const first = (await manager.create(Clerk)).within(clerk);
    await desk.self();
    const second = clerk.taskOf(desk);
    await desk.self();
    gate.resolve();
    await first;
    expect(await second).toBeUndefined();
  });

  it('the census shows what an object tells of its state, and goes on where it cannot', async () => {
    await manager.create(Broken);
    const { servers } = await manager.debugInfo();
    expect(servers[0]?.objects.map(({ typeid, state }) => [typeid, state])).toEqual([
      ['Desk', { events: 0 }],
      ['Broken', { error: 'Error: no state' }],
    ]);
  });
});
