import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { isProxy, SharedProxy, SharedType } from '../definition/index.js';
import { House, turns } from './house.suite.js';
import type { Manager } from './index.js';

const calls: string[] = [];

@SharedType()
class Clock {
  now(): number {
    calls.push('now');
    return 5;
  }
  toSomething(): string {
    calls.push('toSomething');
    return 'x';
  }
}

let house: House;
let manager: Manager;
let proxies: Record<string, SharedProxy<Clock>>;

beforeEach(async () => {
  house = new House();
  await house.server([Clock]);
  manager = house.manager();
  const created = await manager.create(Clock);
  const bound = manager.named('bound').lazy(Clock);
  await bound.now();
  proxies = {
    'a proxy': created,
    'a proxy of a name': await manager.get(Clock, 'named'),
    'a second handle': manager.dup(created),
    'a view with options': manager.with(created, { timeout: 100 }),
    'a proxy that has not reached its object': manager.at('nowhere').named('never').lazy(Clock),
    'a proxy of a name that has reached its object': bound,
    'a released proxy': manager.dup(created),
  };
  await proxies['a released proxy']?.[Symbol.asyncDispose]();
  calls.length = 0;
});
afterEach(async () => {
  await turns(5);
  expect(calls).toEqual([]);
  await house.close();
});

describe.each([
  'a proxy',
  'a proxy of a name',
  'a second handle',
  'a view with options',
  'a proxy that has not reached its object',
  'a proxy of a name that has reached its object',
  'a released proxy',
])('%s', (kind) => {
  let proxy: SharedProxy<Clock>;
  beforeEach(() => {
    proxy = proxies[kind] as SharedProxy<Clock>;
  });

  it('is not thenable', async () => {
    // oxlint-disable-next-line typescript/await-thenable -- that it is none is what is tested
    expect(await proxy).toBe(proxy);
    expect(await Promise.resolve(proxy)).toBe(proxy);
    expect(await (async () => proxy)()).toBe(proxy);
    expect('then' in proxy).toBe(false);
  });

  it('is shown as what it is', () => {
    const text = inspect({ proxy }, { depth: 5, showHidden: true });
    expect(text).toContain('SharedProxy<Clock>');
    expect(inspect(proxy)).toMatch(/^SharedProxy<Clock> \{ /);
    expect(String(proxy as unknown)).toBe('[object SharedProxy]');
  });

  it('is JSON by its typeid', () => {
    expect(JSON.stringify({ proxy })).toBe('{"proxy":{"$shared":"Clock"}}');
  });

  it('is compared by matchers, which print it too', () => {
    expect(proxy).toBe(proxy);
    expect(proxy).toEqual(proxy);
    expect({ proxy }).toStrictEqual({ proxy });
    expect(() => expect(proxy).toEqual({ now: 5 })).toThrow(/Expected/);
    expect(() => expect(proxy).toBeNull()).toThrow(/SharedProxy|\$shared/);
    expect([proxy]).toContain(proxy);
    expect(proxy).toBeTruthy();
  });

  it('has no keys of its own, and can be asked for any', () => {
    expect(Object.keys(proxy)).toEqual([]);
    expect({ ...proxy }).toEqual({});
    expect('now' in proxy || kind === 'a proxy that has not reached its object').toBe(true);
    expect('nothing' in proxy).toBe(false);
    for (const key in proxy) expect(key).toBe('never');
    expect(Object.getOwnPropertyDescriptor(proxy, 'now')).toBeUndefined();
    expect(Object.entries(proxy)).toEqual([]);
  });

  it('answers hooks and other names that tools look for by itself', () => {
    const any = proxy as unknown as Record<string | symbol, unknown>;
    for (const name of [
      'then',
      'catch',
      'finally',
      'inspect',
      'asymmetricMatch',
      'nodeType',
      '$$typeof',
      'onModuleInit',
      'onModuleDestroy',
      'onApplicationBootstrap',
      'beforeApplicationShutdown',
      'onApplicationShutdown',
      Symbol.iterator,
      Symbol.asyncIterator,
      Symbol.toPrimitive,
    ]) {
      expect(any[name]).toBeUndefined();
    }
  });

  it('cannot be cloned as data, and is found to be a proxy', () => {
    const clone = (): string => {
      try {
        return `a clone with ${Object.keys(structuredClone(proxy) as object).length} keys`;
      } catch (error) {
        return (error as Error).name;
      }
    };
    expect(['a clone with 0 keys', 'DataCloneError']).toContain(clone());
    expect(isProxy(proxy)).toBe(true);
    expect(proxy).toBeInstanceOf(SharedProxy);
  });

  it('cannot be given other members by accident', () => {
    const before = proxy.now;
    Reflect.set(proxy, 'other', 1);
    Reflect.defineProperty(proxy, 'another', { value: 1 });
    expect(proxy.now).toBe(before);
    expect(JSON.stringify(proxy)).toBe('{"$shared":"Clock"}');
  });
});

describe('a method of a proxy', () => {
  it('is the same function each time it is asked for', () => {
    for (const proxy of Object.values(proxies)) expect(proxy.now).toBe(proxy.now);
  });

  it('that was taken off says so, or is bound', async () => {
    const { now } = proxies['a proxy'] as { now: () => Promise<number> };
    await expect(now()).rejects.toThrow(/taken off/);
  });
});

describe('what is no proxy', () => {
  it.each([[undefined], [null], [{}], ['text']])('is refused by the manager, by name: %p', async (value) => {
    const odd = value as unknown as SharedProxy<Clock>;
    expect(() => manager.dup(odd)).toThrow(/dup\(\) takes a proxy/);
    expect(() => manager.with(odd, {})).toThrow(/with\(\) takes a proxy/);
    expect(manager.isProxy(odd)).toBe(false);
  });
});
