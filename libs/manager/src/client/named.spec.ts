import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineType, SharedType, type SharedProxy } from '../definition/index.js';
import { failure, House, turns, until, type Line } from './house.suite.js';
import type { Manager } from './index.js';

let made: number;

@SharedType()
class Room {
  readonly #number = ++made;
  readonly #title: string;
  constructor(title = 'room') {
    if (title === 'bad') throw new Error('a bad room');
    this.#title = title;
  }
  number(): number {
    return this.#number;
  }
  title(): string {
    return this.#title;
  }
  never(): Promise<void> {
    return new Promise(() => undefined);
  }
}

const LEASE = 300;
let house: House;
let manager: Manager;

beforeEach(() => {
  made = 0;
  house = new House();
  manager = house.manager();
});
afterEach(() => house.close());

describe('a named object', () => {
  it('is one, however many ask, from however many applications, at however many servers', async () => {
    await Promise.all(['one', 'two', 'three'].map((name) => house.server([Room], { name })));
    const managers = [manager, house.manager(), house.manager()];
    const proxies = await Promise.all(
      managers.flatMap((each) => Array.from({ length: 5 }, () => each.get(Room, 'lobby', 'first'))),
    );
    expect(new Set(await Promise.all(proxies.map((proxy) => proxy.number())))).toEqual(new Set([1]));
    expect(made).toBe(1);
    expect(await manager.numberOfObjects()).toBe(1);
  });

  it('is made with the arguments of the first who asked', async () => {
    await house.server([Room]);
    await manager.get(Room, 'lobby', 'first');
    expect(await (await manager.get(Room, 'lobby', 'second')).title()).toBe('first');
  });

  it('whose constructor throws fails for all who waited, and can be made by the next', async () => {
    await house.server([Room]);
    const failed = await Promise.allSettled([
      manager.get(Room, 'lobby', 'bad'),
      house.manager().get(Room, 'lobby', 'bad'),
    ]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await (await manager.get(Room, 'lobby', 'good')).title()).toBe('good');
  });

  it('is kept without any reference by default, and until unlinked', async () => {
    const server = await house.server([Room]);
    const proxy = await manager.get(Room, 'lobby');
    await manager.release(proxy);
    expect(await (await manager.get(Room, 'lobby')).number()).toBe(1);
    expect(await manager.unlink(Room, 'lobby')).toBe(true);
    expect(await manager.unlink(Room, 'lobby')).toBe(false);
    expect(await (await manager.get(Room, 'lobby')).number()).toBe(2);
    expect(server.table.size).toBe(2);
  });

  it('is unlinked at whatever server it is', async () => {
    await Promise.all(['one', 'two', 'three'].map((name) => house.server([Room], { name })));
    await manager.at('two').get(Room, 'lobby');
    expect(await house.manager().unlink(Room, 'lobby')).toBe(true);
    expect(await manager.numberOfObjects()).toBe(1);
  });

  it('goes with its last reference where it is kept for that long only', async () => {
    const server = await house.server([Room]);
    const proxy = await manager.named('lobby', { keep: 'referenced' }).create(Room);
    const other = await house.manager().get(Room, 'lobby');
    await manager.release(proxy);
    expect(await other.number()).toBe(1);
    await other[Symbol.asyncDispose]();
    await until(() => server.table.size === 0);
    expect(await (await manager.get(Room, 'lobby')).number()).toBe(2);
  });

  it('goes some time after its last reference where it is kept so', async () => {
    const server = await house.server([Room]);
    const idle = manager.named('lobby', { keep: { idle: 100 } });
    const proxy = await idle.create(Room);
    await manager.release(proxy);
    const again = await idle.create(Room);
    expect(await again.number()).toBe(1);
    await manager.release(again);
    const since = performance.now();
    await until(() => server.table.size === 0);
    expect(performance.now() - since).toBeGreaterThan(80);
  });

  it('says that it is elsewhere where one server was asked for', async () => {
    await Promise.all([house.server([Room], { name: 'one' }), house.server([Room], { name: 'two' })]);
    await manager.at('one').get(Room, 'lobby');
    expect((await failure(manager.at('two').get(Room, 'lobby'))).message).toContain('belongs to the server "one"');
  });

  it.each(['', 'a\nb', 'x'.repeat(201), '\ud800'])('has no impossible name: %j', (name) => {
    expect(() => manager.named(name)).toThrow(/name of a shared object/);
  });
});

describe('the proxy of a named object', () => {
  it('can be had before there is a server, and waits for it', async () => {
    const proxy = manager.named('lobby').lazy(Room, 'early');
    const title = proxy.title();
    await turns();
    await house.server([Room]);
    expect(await title).toBe('early');
  });

  it('copies the arguments of a call when it is made, not when it leaves', async () => {
    @SharedType()
    class Echo {
      echo(value: { n: number }): { n: number } {
        return value;
      }
    }
    const proxy = manager.named('echo').lazy(Echo);
    const value = { n: 1 };
    const echoed = proxy.echo(value);
    value.n = 2;
    await house.server([Echo]);
    expect(await echoed).toEqual({ n: 1 });
  });

  it('holds nothing until it is used', async () => {
    const server = await house.server([Room]);
    const proxy = manager.named('lobby').lazy(Room);
    await turns();
    expect(server.table.size).toBe(0);
    await manager.release(proxy);
  });

  describe('whose session ended', () => {
    let line: Line;
    let other: Manager;
    let proxy: SharedProxy<Room>;

    /** Other applications' beats are what makes a memory inbox be read again and again. */
    beforeEach(async () => {
      const server = await house.server([Room], { lease: LEASE });
      other = house.manager();
      await other.connect();
      await other.ping();
      line = house.line();
      manager = house.manager({ transport: line });
      proxy = await manager.get(Room, 'lobby');
      expect(await proxy.number()).toBe(1);
      line.cut();
      await until(() => server.sessions === 1);
    });

    it('is attached again, silently, to the very same object', async () => {
      line.mend();
      await until(async () => (await manager.ping().catch(() => 0)) > 0);
      // The session's end is heard of by the next beat at the latest.
      await eventually(async () => expect(await proxy.number()).toBe(1));
      expect(made).toBe(1);
    });

    it('says once that the object is lost where it is another one, and goes on with that', async () => {
      await other.unlink(Room, 'lobby');
      line.mend();
      const errors = await errorsUntil(proxy, 2);
      expect(errors.filter((code) => code === 'ERR_MANAGER_OBJECT_LOST')).toHaveLength(1);
      expect(errors.at(-1)).toBe('ERR_MANAGER_OBJECT_LOST');
    });

    it('stays lost where it does not rebind', async () => {
      line.mend();
      const faithful = manager.named('hall', { rebind: false }).lazy(Room);
      await eventually(() => faithful.number());
      await other.unlink(Room, 'hall');
      line.cut();
      await new Promise((resolve) => setTimeout(resolve, LEASE * 3));
      line.mend();
      await eventually(async () => expect((await failure(faithful.number()))['code']).toBe('ERR_MANAGER_OBJECT_LOST'));
      for (let i = 0; i < 3; i++) {
        expect(await failure(faithful.number())).toMatchObject({
          code: 'ERR_MANAGER_OBJECT_LOST',
          fate: 'not-executed',
        });
      }
    });
  });

  it('says once that the object is lost when its server closed, and goes on at another', async () => {
    const first = await house.server([Room], { name: 'first' });
    const proxy = await manager.get(Room, 'lobby', 'again');
    expect(await proxy.number()).toBe(1);
    await house.server([Room], { name: 'second' });
    await first.close();
    const errors = await errorsUntil(proxy, 2);
    expect(errors).toEqual(['ERR_MANAGER_OBJECT_LOST']);
    expect(await proxy.title()).toBe('again');
    expect(manager.token(proxy)).toMatchObject({ server: 'second' });
  });

  it('has the methods of a class that was deployed anew, and says which of those before are gone', async () => {
    const before = await house.server([Room], { name: 'room' });
    const proxy = await manager.get(Room, 'lobby');
    expect(await proxy.title()).toBe('room');
    await before.close();
    class Deployed {
      title(): string {
        return 'new';
      }
    }
    await house.server([defineType(Deployed, { typeid: 'Room' })], { name: 'room' });
    expect(await failure(proxy.title())).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    expect(await proxy.title()).toBe('new');
    expect(await failure(proxy.number())).toMatchObject({ code: 'ERR_MANAGER_METHOD_NOT_EXPOSED' });
  });

  it('says so once also where a call was under way when its server closed', async () => {
    const first = await house.server([Room], { name: 'first', closeTimeout: 20 });
    const proxy = await manager.get(Room, 'lobby');
    const call = proxy.never();
    call.catch(() => undefined);
    await proxy.number();
    await house.server([Room], { name: 'second' });
    await first.close();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'unknown' });
    expect(await proxy.number()).toBe(2);
  });

  it('says that the object is lost when its server was killed, and goes on at its successor', async () => {
    const transport = house.medium.connect();
    await house.server([Room], { lease: LEASE, transport });
    const proxy = await manager.get(Room, 'lobby');
    await proxy.number();
    house.medium.kill(transport);
    await house.server([Room], { lease: LEASE });
    const errors = await errorsUntil(proxy, 2);
    expect(errors).toContain('ERR_MANAGER_OBJECT_LOST');
  }, 10_000);

  it('says that the object is lost where another server took its name, and goes on with the one there', async () => {
    // A short lease: claims are looked at every twelfth beat.
    const [one, two] = [
      await house.server([Room], { name: 'one', lease: 120 }),
      await house.server([Room], { name: 'two', lease: 120 }),
    ];
    await manager.at('one').get(Room, 'lobby');
    const proxy = await manager.get(Room, 'lobby');
    const second = manager.dup(proxy);
    const thief = house.medium.connect();
    await thief.open();
    const key = { kind: 'name', tag: 'Room:lobby' } as const;
    const current = await thief.claims.read(key);
    const { name, generation, nonce } = two.identity;
    await thief.claims.compareAndSet(key, current?.value ?? null, `${generation}:${nonce}:${name}`, 60_000);
    await until(() => one.table.size === 0);
    expect(await errorsUntil(proxy, 2)).toEqual(['ERR_MANAGER_OBJECT_LOST']);
    expect(await second.number()).toBe(2);
    expect(manager.token(proxy)).toMatchObject({ server: 'two' });
    await thief.close();
  });

  it('survives the unlinking of its name, being held', async () => {
    await house.server([Room]);
    const proxy = await manager.get(Room, 'lobby');
    await manager.unlink(Room, 'lobby');
    expect(await proxy.number()).toBe(1);
  });
});

/** The codes of the errors until the call gives this. */
async function errorsUntil(proxy: SharedProxy<Room>, number: number): Promise<string[]> {
  const codes: string[] = [];
  for (;;) {
    try {
      expect(await proxy.number()).toBe(number);
      return codes;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      codes.push(code);
    }
  }
}

/** Until it does not throw; the test's own timeout ends it. */
async function eventually(check: () => unknown): Promise<void> {
  for (;;) {
    try {
      await check();
      return;
    } catch {
      await turns();
    }
  }
}
