import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  client,
  defineType,
  dup,
  isProxy,
  keep,
  onLeaseLost,
  remote,
  sharedType,
  SharedType,
  type AnyProxy,
  type SharedProxy,
} from '../definition/index.js';
import { ConfigurationError } from '../protocol/index.js';
import { failure, House } from './house.suite.js';
import type { Manager } from './index.js';

interface StackClient {
  push(item: unknown): Promise<number>;
  pop(): Promise<unknown>;
  size(): Promise<number>;
  drain(): Promise<unknown[]>;
  itself(): object;
  quick(): number;
  [Symbol.asyncIterator](): AsyncGenerator;
}

interface StackRemote {
  push(item: unknown): number;
  pop(): unknown;
  size(): number;
}

abstract class Base {
  quick(): number {
    return 42;
  }
}

class StackMembers extends Base {
  // In front of the remote method of the same name.
  async pop(): Promise<unknown> {
    return ['from the application', await remote<StackRemote>(this).pop()];
  }
  async drain(): Promise<unknown[]> {
    const stack = remote<StackRemote>(this);
    const items = [];
    while ((await stack.size()) > 0) items.push(await stack.pop());
    return items;
  }
  itself(): object {
    return this;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator {
    yield* await this.drain();
  }
}

@SharedType({ proxy: () => StackMembers })
class Stack {
  declare readonly [client]?: StackClient;
  readonly #items: unknown[] = [];
  push(item: unknown): number {
    return this.#items.push(item);
  }
  pop(): unknown {
    return this.#items.pop();
  }
  size(): number {
    return this.#items.length;
  }
}

@SharedType()
class User {
  #kept: SharedProxy<Stack> | undefined;
  async use(stack: SharedProxy<Stack>): Promise<unknown> {
    await stack.push('hosted');
    this.#kept = keep(stack);
    return [await stack.pop(), stack.quick()];
  }
  async later(): Promise<unknown> {
    await this.#kept?.push(1);
    const items = [];
    for await (const item of this.#kept as SharedProxy<Stack>) items.push(item);
    return items;
  }
}

describe('the members of a client class', () => {
  let house: House;
  let manager: Manager;
  beforeEach(async () => {
    house = new House();
    await house.server([Stack, User]);
    manager = house.manager();
  });
  afterEach(() => house.close());

  const kinds: [string, () => Promise<SharedProxy<Stack>>][] = [
    ['a new object', () => manager.create(Stack)],
    ['a named object', () => manager.get(Stack, 'name')],
    ['a name that was not reached yet', async () => manager.named('lazy').lazy(Stack)],
    ['a view with options', async () => manager.with(await manager.create(Stack), { timeout: 1000 })],
    ['a second reference', async () => manager.dup(await manager.create(Stack))],
    ['a redeemed ticket', async () => manager.redeem<Stack>(await manager.ticket(await manager.create(Stack)))],
    ['a typeid', async () => manager.create<Stack>('Stack')],
  ];
  it.each(kinds)('run in the application for %s', async (_what, make) => {
    const stack = await make();
    expect(await stack.push(1)).toBe(1);
    expect(await stack.push(2)).toBe(2);
    expect(await stack.pop()).toEqual(['from the application', 2]);
    expect(stack.quick()).toBe(42);
    expect(stack.itself()).toBe(stack);
    await stack.push(3);
    const items = [];
    for await (const item of stack) items.push(item);
    expect(items).toEqual([3, 1]);
    expect(await stack.drain()).toEqual([]);
    expect('drain' in stack).toBe(true);
    expect(isProxy(stack)).toBe(true);
  });

  it('run in hosted code on hosted proxies', async () => {
    const user = await manager.create(User);
    const stack = await manager.create(Stack);
    expect(await user.use(stack)).toEqual([['from the application', 'hosted'], 42]);
    expect(await user.later()).toEqual([1]);
  });

  it('are those that a token names where the shared class is not imported', async () => {
    class Members {
      twice(): Promise<number> {
        return remote<{ value(): number }>(this).value();
      }
    }
    class Hidden {
      value(): number {
        return 7;
      }
    }
    await house.server([defineType(Hidden, { typeid: 'Hidden' })], { name: 'second' });
    const token = sharedType<Hidden & { twice(): Promise<number> }>('Hidden', { proxy: () => Members });
    const hidden = await manager.create(token);
    expect(await hidden.twice()).toBe(7);
  });

  it('call with the options of the proxy, or with others', async () => {
    const stack = await manager.create(Stack);
    const aborted = manager.with(stack, { signal: AbortSignal.abort() });
    expect((await failure(remote<StackRemote>(aborted).size())).name).toBe('CallAbortedError');
    expect(await remote<StackRemote>(aborted, {}).size()).toBe(0);
  });

  it('may hold a reference of their own for longer than their user does', async () => {
    const stack = await manager.create(Stack);
    const own = dup(stack);
    await manager.release(stack);
    expect(await remote<StackRemote>(own).size()).toBe(0);
    await own[Symbol.asyncDispose]();
    expect(await manager.numberOfObjects()).toBe(0);
  });

  it.each([
    [
      'an accessor',
      class {
        get size(): number {
          return 1;
        }
      },
      /"size": its members are methods/,
    ],
    [
      'a reserved name',
      class {
        toJSON(): void {}
      },
      /"toJSON": the name is reserved/,
    ],
    [
      'another symbol',
      class {
        [Symbol.iterator](): void {}
      },
      /Symbol\.asyncIterator/,
    ],
  ])('cannot be %s', async (_what, members, message) => {
    class Wrong {
      value(): number {
        return 1;
      }
    }
    const wrong = sharedType<Wrong>(`Wrong ${_what}`, { proxy: () => members });
    expect(() => manager.named('x').lazy(wrong)).toThrow(ConfigurationError);
    expect(() => manager.named('x').lazy(wrong)).toThrow(message);
  });

  it('need a function that gives their class', () => {
    expect(() => defineType(Stack, { proxy: StackMembers as never })).not.toThrow();
    expect(() => defineType(Stack, { proxy: 'StackMembers' as never })).toThrow(
      /must be a function that gives a class/,
    );
  });

  it('reach proxies only', () => {
    const none = {} as AnyProxy;
    for (const reach of [() => remote(none), () => dup(none), () => onLeaseLost(none, () => undefined)]) {
      expect(reach).toThrow(ConfigurationError);
    }
  });
});
