import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedError, SharedType, type SharedProxy } from '../definition/index.js';
import { ManagerError, OverloadedError, RemoteError } from '../protocol/index.js';
import { failure, House } from './house.suite.js';
import type { Manager } from './index.js';

class SeatTaken extends Error {
  override readonly name = 'SeatTaken';
  constructor(
    readonly seat: number,
    readonly by: { guest: string },
  ) {
    super(`seat ${seat} is taken`);
  }
}
SharedError()(SeatTaken);

class Unheard extends Error {
  readonly detail = 42;
}

interface Shape {
  [key: string]: unknown;
}

@SharedType()
class Desk {
  readonly kept: Shape[] = [];

  keep(value: Shape): number {
    return this.kept.push(value);
  }
  read(): Shape[] {
    return this.kept;
  }
  echo(...args: unknown[]): unknown[] {
    return args;
  }
  nothing(): void {}
  async later(value: number): Promise<number> {
    await Promise.resolve();
    return value * 2;
  }
  promised(value: number): PromiseLike<number> {
    // oxlint-disable-next-line unicorn/no-thenable, promise/no-callback-in-promise -- hosted code may return any thenable
    return { then: (done) => Promise.resolve(value).then(done) } as PromiseLike<number>;
  }
  take(seat: number): never {
    throw new SeatTaken(seat, { guest: 'Ada' });
  }
  async takeLater(seat: number): Promise<never> {
    throw new SeatTaken(seat, { guest: 'Ada' });
  }
  unheard(): never {
    throw new Unheard('of');
  }
  throwText(): never {
    // oxlint-disable-next-line typescript/only-throw-error, no-throw-literal -- hosted code may
    throw 'just text';
  }
  throwRange(): never {
    throw new RangeError('out of it', { cause: new TypeError('inner') });
  }
  throwInner(): never {
    // As where this method calls another object itself, and lets its failure through.
    throw new OverloadedError('another object was busy', { fate: 'not-executed' });
  }
  trap(): unknown {
    // oxlint-disable-next-line unicorn/no-thenable -- hosted code may return any object
    return Object.defineProperty({}, 'then', {
      get() {
        throw new Error('a trap');
      },
    });
  }
}

let house: House;
let manager: Manager;
let desk: SharedProxy<Desk>;

beforeEach(async () => {
  house = new House();
  await house.server([Desk]);
  manager = house.manager();
  desk = await manager.create(Desk);
});
afterEach(() => house.close());

describe('a call', () => {
  it('gives what the method returned, or what its promise came to', async () => {
    expect(await desk.nothing()).toBeUndefined();
    expect(await desk.later(21)).toBe(42);
    expect(await (desk.promised(7) as Promise<unknown>)).toBe(7);
  });

  it('carries what structured clone carries, both ways', async () => {
    const values = [
      undefined,
      null,
      -0,
      NaN,
      12n,
      'text',
      new Date(5),
      /a+/gi,
      new Uint8Array([1, 2]),
      new Map<unknown, unknown>([[{ key: 1 }, new Set([1])]]),
      { deep: [{ er: [] }] },
    ];
    const got = await desk.echo(...values);
    expect(got).toEqual(values);
    expect(Object.is(got[2], -0)).toBe(true);
  });

  it('copies arguments and results: neither side sees what the other does to them later', async () => {
    const value: Shape = { list: [1] };
    const kept = desk.keep(value);
    value['list'] = 'changed after the call';
    await kept;
    const first = await desk.read();
    expect(first).toEqual([{ list: [1] }]);
    (first[0] as Shape)['list'] = 'changed in the application';
    expect(await desk.read()).toEqual([{ list: [1] }]);
  });

  it('keeps what is one object in a value one object, cycles included', async () => {
    const shared = { a: 1 };
    const cycle: unknown[] = [shared, shared];
    cycle.push(cycle);
    const [got] = (await desk.echo(cycle)) as [unknown[]];
    expect(got[0]).toBe(got[1]);
    expect(got[2]).toBe(got);
  });
});

describe('what hosted code throws', () => {
  it.each(['take', 'takeLater'] as const)(
    'arrives as its own class, with its fields and both stacks: %s()',
    async (method) => {
      const error = await failure(desk[method](4));
      expect(error).toBeInstanceOf(SeatTaken);
      expect(error).toMatchObject({ name: 'SeatTaken', message: 'seat 4 is taken', seat: 4, by: { guest: 'Ada' } });
      expect(error['remoteStack']).toMatch(/calls\.spec/);
      expect(error.stack).toMatch(/at the manager server/);
    },
  );

  it('arrives as a RemoteError where its class is not known', async () => {
    const error = await failure(desk.unheard());
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ remoteName: 'Unheard', message: 'of', detail: 42, fate: 'executed' });
  });

  it('arrives as it was where it is no error', async () => {
    await expect(desk.throwText()).rejects.toBe('just text');
  });

  it('keeps its cause', async () => {
    const error = await failure(desk.throwRange());
    expect(error).toBeInstanceOf(RangeError);
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it('does not lend the fate of an inner call: the method ran', async () => {
    const error = await failure(desk.throwInner());
    expect(error).toBeInstanceOf(OverloadedError);
    expect((error as unknown as ManagerError).fate).toBe('executed');
  });

  it('harms no other call, not even where asking for `then` throws', async () => {
    const [trap, fine] = await Promise.allSettled([desk.trap(), desk.later(1)]);
    expect(trap.status).toBe('rejected');
    expect(fine).toEqual({ status: 'fulfilled', value: 2 });
  });
});

describe('a constructor that throws', () => {
  @SharedType()
  class Never {
    constructor(inner: boolean) {
      if (inner) throw new OverloadedError('inside', { fate: 'not-executed' });
      throw new SeatTaken(1, { guest: 'Bob' });
    }
    touch(): void {}
  }

  it('fails the create with its error, and leaves nothing behind', async () => {
    const server = await house.server([Never], { name: 'other' });
    const error = await failure(manager.create(Never, false));
    expect(error).toBeInstanceOf(SeatTaken);
    expect(server.table.size).toBe(0);
  });

  it('has run, whatever the fate of the call that failed it', async () => {
    await house.server([Never], { name: 'other' });
    expect(await failure(manager.create(Never, true))).toMatchObject({ fate: 'executed' });
  });
});
