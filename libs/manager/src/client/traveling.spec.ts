import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import { createTestManager, expectNoLeakedReferences, type TestManager } from '../testing/index.js';
import { turns } from './house.suite.js';
import type { Manager } from './index.js';

let disposed: string[] = [];

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
  self(): this {
    return this;
  }
  onSharedDispose(): void {
    disposed.push(this.label);
  }
}

@SharedType()
class Box {
  #items: SharedProxy<Thing>[] = [];
  put(...items: SharedProxy<Thing>[]): number {
    for (const item of items) this.#items.push(keep(item));
    return this.#items.length;
  }
  forget(item: SharedProxy<Thing>): number {
    this.#items.push(item);
    return this.#items.length;
  }
  first(): SharedProxy<Thing> | undefined {
    return this.#items[0];
  }
  take(): SharedProxy<Thing> | undefined {
    const item = this.#items.shift();
    void item?.[Symbol.asyncDispose]();
    return item;
  }
  async takeLater(): Promise<SharedProxy<Thing> | undefined> {
    await turns(2);
    const item = this.#items.shift();
    void item?.[Symbol.asyncDispose]();
    return item;
  }
  async names(): Promise<string[]> {
    return Promise.all(this.#items.map((item) => item.name()));
  }
  drop(): void {
    for (const item of this.#items.splice(0)) void item[Symbol.asyncDispose]();
  }
}

describe('a proxy in arguments', () => {
  let test: TestManager;
  let manager: Manager;

  beforeEach(async () => {
    disposed = [];
    test = await createTestManager({ types: [Thing, Box] });
    ({ manager } = test);
  });
  afterEach(async () => {
    try {
      await expectNoLeakedReferences(manager);
    } finally {
      await test.close();
    }
  });

  const settled = async (): Promise<number> => {
    await manager.ping();
    await turns(3);
    return manager.numberOfObjects();
  };

  it('is kept by the object that keeps it, and freed with it', async () => {
    await using box = await manager.create(Box);
    const thing = await manager.create(Thing, 'one');
    expect(await box.put(thing)).toBe(1);
    await manager.release(thing);
    expect(await settled()).toBe(2);
    expect(await box.names()).toEqual(['one']);
    await manager.release(box);
    expect(await settled()).toBe(0);
    expect(disposed).toEqual(['one']);
  });

  it('lasts for its call where it is not kept', async () => {
    await using box = await manager.create(Box);
    const thing = await manager.create(Thing, 'one');
    await box.forget(thing);
    await expect(box.names()).rejects.toThrow(/came with a call that has ended, and was not kept/);
    await manager.release(thing);
    expect(await settled()).toBe(1);
  });

  it('comes out again as the same object', async () => {
    await using box = await manager.create(Box);
    await using thing = await manager.create(Thing, 'one');
    await box.put(thing, thing);
    await using out = (await box.first()) as SharedProxy<Thing>;
    expect(manager.token(out)).toEqual(manager.token(thing));
    expect(await out.name()).toBe('one');
    await using same = (await out.self()) as unknown as SharedProxy<Thing>;
    expect(manager.token(same)).toEqual(manager.token(thing));
  });

  it.each(['take', 'takeLater'] as const)('is freed when %s() has taken it out and the caller let go', async (how) => {
    await using box = await manager.create(Box);
    const thing = await manager.create(Thing, 'one');
    await box.put(thing);
    await manager.release(thing);
    const out = (await box[how]()) as SharedProxy<Thing>;
    expect(await out.name()).toBe('one');
    await manager.release(out);
    expect(await settled()).toBe(1);
    expect(disposed).toEqual(['one']);
  });

  it('is freed by the time the answer is there where nobody else holds it', async () => {
    await using box = await manager.create(Box);
    const thing = await manager.create(Thing, 'one');
    await box.put(thing);
    await manager.release(thing);
    await box.drop();
    expect(await manager.numberOfObjects()).toBe(1);
  });
});
