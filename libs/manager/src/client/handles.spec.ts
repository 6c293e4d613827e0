import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, failure, House, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred<number>;
let disposed: string[];

@SharedType({ waits: ['wait'] })
class Shelf {
  readonly #name: string;
  constructor(name = 'shelf') {
    this.#name = name;
  }
  name(): string {
    return this.#name;
  }
  slow(): Promise<number> {
    return gate.promise;
  }
  wait(): Promise<number> {
    return gate.promise;
  }
  add(name: string): Shelf {
    return new Shelf(name);
  }
  async addLate(name: string): Promise<Shelf[]> {
    await gate.promise;
    return [new Shelf(name)];
  }
  toCopy(): string {
    return `copy of ${this.#name}`;
  }
  onSharedDispose(): void {
    disposed.push(this.#name);
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;
let shelf: SharedProxy<Shelf>;

beforeEach(async () => {
  gate = deferred<number>();
  disposed = [];
  house = new House();
  server = await house.server([Shelf]);
  manager = house.manager();
  shelf = await manager.create(Shelf);
});
afterEach(() => house.close());

describe('a handle', () => {
  it('that is released lets its object go', async () => {
    await manager.release(shelf);
    await until(() => disposed.length > 0);
    expect([disposed, server.table.size]).toEqual([['shelf'], 0]);
  });

  it('may be released twice, by whatever way', async () => {
    const other = manager.dup(shelf);
    await manager.release(shelf);
    await manager.release(shelf);
    await shelf[Symbol.asyncDispose]();
    expect(await other.name()).toBe('shelf');
  });

  it('says where it was released when it is used afterwards, and sends nothing', async () => {
    await releasedHere(shelf);
    const error = await failure(shelf.name());
    expect(error).toMatchObject({ code: 'ERR_MANAGER_PROXY_RELEASED', fate: 'not-executed', typeid: 'Shelf' });
    expect(error.message).toContain('call name()');
    expect(error.message).toContain('releasedHere');
    expect(() => manager.dup(shelf)).toThrow(/released/);
    expect(() => manager.with(shelf, {})).toThrow(/released/);
    await expect(manager.copyOf(shelf)).rejects.toMatchObject({ code: 'ERR_MANAGER_PROXY_RELEASED' });
  });

  it('is released at the end of its block, also where the block throws', async () => {
    await expect(
      (async () => {
        await using inner = await manager.create(Shelf, 'inner');
        await inner.name();
        throw new Error('out of the block');
      })(),
    ).rejects.toThrow('out of the block');
    await until(() => disposed.includes('inner'));
  });

  it('lets the calls already made run to their answer', async () => {
    const call = shelf.slow();
    await manager.release(shelf);
    gate.resolve(5);
    expect(await call).toBe(5);
    await until(() => disposed.length > 0);
  });

  it('ends its waiting calls when it is released, and no other', async () => {
    const other = manager.dup(shelf);
    const [ends, stays] = [shelf.wait(), other.wait()];
    await manager.release(shelf);
    expect(await failure(ends)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED' });
    gate.resolve(1);
    expect(await stays).toBe(1);
  });

  it('ends a waiting call that was made before its object was reached', async () => {
    const lazy = house.manager().named('late').lazy(Shelf);
    const call = lazy.wait();
    await lazy[Symbol.asyncDispose]();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED' });
  });

  it('has a copy of its object to give', async () => {
    expect(await manager.copyOf(shelf)).toBe('copy of shelf');
  });

  it('tells by its token what it stands for, from when it has reached it', async () => {
    const identity = { typeid: 'Shelf', server: 'default', generation: server.identity.generation, id: 1 };
    expect(manager.token(shelf)).toEqual(identity);
    const named = manager.named('shelf').lazy(Shelf, 'named');
    expect(manager.token(named)).toBeUndefined();
    expect(await named.name()).toBe('named');
    expect(manager.token(named)).toEqual({ ...identity, id: 2 });
  });
});

describe('a second handle', () => {
  it('keeps the object while it is there', async () => {
    const other = manager.dup(shelf);
    await manager.release(shelf);
    expect(await other.name()).toBe('shelf');
    expect(disposed).toEqual([]);
    await manager.release(other);
    await until(() => disposed.length > 0);
  });

  it('of the same object is the same reference, however it came', async () => {
    const other = manager.dup(shelf);
    expect(other).not.toBe(shelf);
    expect(manager.token(other)).toEqual(manager.token(shelf));
    const { servers } = await manager.debugInfo();
    expect(servers[0]?.objects[0]?.holders).toMatchObject([{ kind: 'session', grants: 1 }]);
  });

  it('with options is the same handle: released with the first', async () => {
    const view = manager.with(manager.with(shelf, { timeout: 5000 }), { signal: new AbortController().signal });
    expect(await view.name()).toBe('shelf');
    await manager.release(view);
    expect(await failure(shelf.name())).toMatchObject({ code: 'ERR_MANAGER_PROXY_RELEASED' });
    await until(() => disposed.length > 0);
  });
});

describe('a reference in an answer', () => {
  it('is a handle of its own', async () => {
    const book = await shelf.add('book');
    expect(await book.name()).toBe('book');
    await manager.release(shelf);
    expect(await book.name()).toBe('book');
    await manager.release(book);
    await until(() => server.table.size === 0);
    expect(disposed.toSorted()).toEqual(['book', 'shelf']);
  });

  it('that nobody waits for any more is given back', async () => {
    const stop = new AbortController();
    const call = manager.with(shelf, { signal: stop.signal }).addLate('late');
    await shelf.name();
    stop.abort();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'unknown' });
    gate.resolve(1);
    await until(() => disposed.includes('late'));
    expect(server.table.size).toBe(1);
  });
});

describe('a handle that is collected', () => {
  const collect = async (until: () => boolean): Promise<void> => {
    while (!until()) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };

  it('is released, and the place where it was made is told', async () => {
    const told: string[] = [];
    const careless = house.manager({ onCollected: (typeid, madeAt) => told.push(`${typeid}: ${madeAt?.stack ?? ''}`) });
    await forgotten(careless);
    await collect(() => disposed.includes('forgotten'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('forgotten');
  });

  it('while its call is under way leaves the call alone', async () => {
    const call = (await manager.create(Shelf, 'dropped')).slow();
    await manager.create(Shelf, 'witness');
    await collect(() => disposed.includes('witness'));
    expect(disposed).not.toContain('dropped');
    gate.resolve(7);
    expect(await call).toBe(7);
    await collect(() => disposed.includes('dropped'));
  });

  it('while a call of it waits leaves that alone too', async () => {
    const call = (await manager.create(Shelf, 'dropped')).wait();
    call.catch(() => undefined);
    await manager.create(Shelf, 'witness');
    await collect(() => disposed.includes('witness'));
    expect(disposed).not.toContain('dropped');
    gate.resolve(8);
    expect(await call).toBe(8);
    await collect(() => disposed.includes('dropped'));
  });

  it('is not collected while a view of it is there', async () => {
    const view = manager.with(await manager.create(Shelf, 'viewed'), { timeout: 1000 });
    await manager.create(Shelf, 'witness');
    await collect(() => disposed.includes('witness'));
    expect(await view.name()).toBe('viewed');
    await manager.release(view);
  });

  async function forgotten(careless: Manager): Promise<void> {
    const proxy = await careless.create(Shelf, 'forgotten');
    await proxy.name();
  }
});

async function releasedHere(proxy: SharedProxy<Shelf>): Promise<void> {
  await proxy[Symbol.asyncDispose]();
}
