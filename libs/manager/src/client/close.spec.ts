import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { currentCall, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, failure, House, turns, until, type Deferred } from './house.suite.js';
import type { Manager, ManagerStatus } from './index.js';

let gate: Deferred<string>;
let started: number;

@SharedType()
class Hall {
  slow(): Promise<string> {
    started++;
    return gate.promise;
  }
  quick(): number {
    return ++started;
  }
}

@SharedType({ serial: true })
class Door {
  slow(): Promise<string> {
    started++;
    return gate.promise;
  }
}

/** Whoever has it gives it back when its session ends. */
@SharedType({ waits: ['wait'] })
class Permit {
  #free = true;
  readonly #line: (() => void)[] = [];

  wait(): string | Promise<string> {
    const call = currentCall();
    const take = (): string => {
      this.#free = false;
      call.onSessionEnd(() => {
        this.#free = true;
        this.#line.shift()?.();
      });
      return 'taken';
    };
    if (this.#free) return take();
    return new Promise((resolve, reject) => {
      const next = (): void => resolve(take());
      this.#line.push(next);
      call.signal.addEventListener('abort', () => {
        this.#line.splice(this.#line.indexOf(next), 1);
        reject(call.signal.reason as Error);
      });
    });
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;
let hall: SharedProxy<Hall>;

beforeEach(async () => {
  [gate, started] = [deferred<string>(), 0];
  house = new House();
  server = await house.server([Hall, Door, Permit], { closeTimeout: 5000 });
  manager = house.manager();
  hall = await manager.create(Hall);
});
afterEach(async () => {
  gate.resolve('');
  await house.close();
});

describe('closing a manager', () => {
  it('gives everything back', async () => {
    await manager.close();
    await until(() => server.sessions === 0);
    expect(server.table.size).toBe(0);
  });

  it('may be done twice, and at once', async () => {
    await Promise.all([manager.close(), manager.close(), manager[Symbol.asyncDispose]()]);
    await manager.close();
  });

  it('fails the calls that wait', async () => {
    const call = hall.slow();
    const failed = failure(call);
    await until(() => started === 1);
    await manager.close();
    expect(await failed).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'unknown' });
  });

  it('lets the calls that were just made leave before the goodbye', async () => {
    const call = hall.quick();
    await manager.close();
    await call.catch(() => undefined);
    expect(started).toBe(1);
  });

  it('fails what is asked of it while it says goodbye as what is asked afterwards', async () => {
    const closing = manager.close();
    const failures: Promise<Record<string, unknown>>[] = [];
    let over = false;
    void closing.then(() => (over = true));
    while (!over) {
      failures.push(failure(hall.quick()));
      await turns(1);
    }
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ name: 'ManagerClosedError' });
  });

  it('fails whatever is asked of it afterwards, not executed', async () => {
    const lazy = manager.named('lazy').lazy(Hall);
    await manager.close();
    for (const asked of [
      () => hall.quick(),
      () => lazy.quick(),
      () => manager.create(Hall),
      () => manager.get(Hall, 'name'),
      () => manager.unlink(Hall, 'name'),
      () => manager.ping(),
      () => manager.numberOfObjects(),
      () => manager.connect(),
    ]) {
      expect(await failure(asked())).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
    }
    await hall[Symbol.asyncDispose]();
    await lazy[Symbol.asyncDispose]();
  });

  it('fails whatever is still looking for a server', async () => {
    const lost = house.manager();
    const asked = [
      lost.at('nowhere').create(Hall),
      lost.at('nowhere').get(Hall, 'x'),
      lost.at('nowhere').named('y').lazy(Hall).quick(),
    ].map(failure);
    await turns();
    await lost.close();
    for (const each of asked) {
      expect(await each).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
    }
  });

  it('while it connects leaves no session behind', async () => {
    for (let after = 0; after < 20; after++) {
      const hasty = house.manager();
      const created = hasty.create(Hall);
      const settled = created.then(
        () => 'created',
        (error: { code: string }) => error.code,
      );
      await turns(after);
      await hasty.close();
      expect(['created', 'ERR_MANAGER_CLOSED']).toContain(await settled);
    }
    await turns(20);
    // Sessions whose welcome was never taken run out; those that stood were given back.
    expect(server.table.size).toBe(1);
  });

  it('before it ever connected is done at once', async () => {
    await house.manager().close();
  });

  it('is told by its status, which ends there', async () => {
    const seen: ManagerStatus[] = [];
    const other = house.manager();
    const completed = new Promise<void>((complete) =>
      other.status$.subscribe({ next: (status) => seen.push(status), complete }),
    );
    await other.create(Hall);
    await other.close();
    await completed;
    expect(seen).toEqual(['idle', 'connecting', 'connected', 'closed']);
  });
});

describe('closing a server', () => {
  it('lets the calls under way finish', async () => {
    const call = hall.slow();
    await until(() => started === 1);
    const closed = server.close();
    await turns();
    gate.resolve('finished');
    expect(await call).toBe('finished');
    await closed;
  });

  it('refuses the calls that wait for their turn, not executed', async () => {
    const door = await manager.create(Door);
    const [runs, waits] = [door.slow(), door.slow()];
    await until(() => started === 1);
    const closed = server.close();
    expect(await failure(waits)).toMatchObject({
      code: 'ERR_MANAGER_SERVER_CLOSING',
      fate: 'not-executed',
      retryable: true,
    });
    gate.resolve('finished');
    expect(await runs).toBe('finished');
    await closed;
    expect(started).toBe(1);
  });

  it('refuses new calls while it waits for those under way', async () => {
    const runs = hall.slow();
    await until(() => started === 1);
    const closed = server.close();
    await turns();
    expect(await failure(hall.quick())).toMatchObject({ code: 'ERR_MANAGER_SERVER_CLOSING', fate: 'not-executed' });
    gate.resolve('finished');
    await runs;
    await closed;
  });

  it('tells every proxy that its object is lost', async () => {
    await server.close();
    const error = await failure(hall.quick());
    expect(error).toMatchObject({
      code: 'ERR_MANAGER_OBJECT_LOST',
      fate: 'not-executed',
      typeid: 'Hall',
      server: 'default',
    });
    expect(error.message).toContain('was closed');
    expect(started).toBe(0);
  });

  it('takes no longer than it was given: calls that do not end then are unknown', async () => {
    const impatient = await house.server([Hall], { name: 'impatient', closeTimeout: 30 });
    const other = await manager.at('impatient').create(Hall);
    const call = other.slow();
    call.catch(() => undefined);
    await until(() => started === 1);
    await impatient.close();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'unknown' });
  });

  describe('with calls of its own code', () => {
    let own: Manager;
    beforeEach(() => {
      own = house.manager({ local: () => server.local });
    });

    it('lets those under way finish', async () => {
      const call = (await own.create(Hall)).slow();
      await until(() => started === 1);
      const closed = server.close();
      await turns();
      gate.resolve('finished');
      expect(await call).toBe('finished');
      await closed;
    });

    it('fails those that wait, which nothing will come for, and gives them nothing of what the others had', async () => {
      const permits = await own.create(Permit);
      expect(await permits.wait()).toBe('taken');
      const waits = permits.wait();
      await turns();
      await server.close();
      expect(await failure(waits)).toMatchObject({ code: 'ERR_MANAGER_SERVER_CLOSING', fate: 'unknown' });
    });

    it('ends what it looks for elsewhere once there is no other server', async () => {
      const found = own.named('a hall').lazy(Hall);
      expect(await found.quick()).toBe(1);
      await server.close();
      // Whether it had been found, or is looked for only now.
      await failure(found.quick());
      expect(await failure(found.quick())).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
      const later = own.at('elsewhere').create(Hall);
      expect(await failure(later)).toMatchObject({ code: 'ERR_MANAGER_CLOSED', fate: 'not-executed' });
      expect(await failure(own.create(Hall))).toMatchObject({ code: 'ERR_MANAGER_SERVER_CLOSING' });
    });
  });

  it('disposes of its objects, frees its name, and may be done twice', async () => {
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(server.table.size).toBe(0);
    const successor = await house.server([Hall]);
    expect(successor.identity.generation).toBeGreaterThan(server.identity.generation);
    expect(await (await manager.create(Hall)).quick()).toBe(1);
  });

  it('before it has its name ends its start', async () => {
    const { ManagerServer, silentLogger } = await import('../server/index.js');
    const waiting = new ManagerServer({ transport: house.medium.connect(), types: [], logger: silentLogger });
    const start = failure(waiting.start());
    await turns();
    await waiting.close();
    expect((await start).message).toContain('closed');
  });
});
