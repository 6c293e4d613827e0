import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, type SharedProxy } from '../definition/index.js';
import { createTestManager, expectNoLeakedReferences, type TestManager } from '../testing/index.js';
import type { Manager } from './index.js';

@SharedType()
class Node_ {
  static made = 0;
  readonly #number = ++Node_.made;
  number(): number {
    return this.#number;
  }
  self(): this {
    return this;
  }
  many(): unknown {
    return { list: [this, new Node_()], map: new Map([['me', this]]) };
  }
}

let cached: Node_ | undefined;

class Cached extends Node_ {
  onSharedDispose(): void {
    if (cached === this) cached = undefined;
  }
}
const factories = [
  { typeid: 'Cached', type: Cached, create: () => (cached ??= new Cached()) },
  {
    typeid: 'Late',
    type: Cached,
    create: async () => {
      await Promise.resolve();
      return (cached ??= new Cached());
    },
  },
];

let test: TestManager;
let manager: Manager;

beforeEach(async () => {
  cached = undefined;
  test = await createTestManager({ types: [Node_], factories });
  ({ manager } = test);
});
afterEach(async () => {
  try {
    await expectNoLeakedReferences(manager);
  } finally {
    await test.close();
  }
});

describe('a factory that gives an object which is just being let go', () => {
  const ROUNDS = 10_000;

  it.each(['Cached', 'Late'])(
    'never gives a dead proxy: %s',
    async (typeid) => {
      let proxy = (await manager.create(typeid)) as SharedProxy<Cached>;
      for (let round = 0; round < ROUNDS; round++) {
        // Both orders: the release before the create, and behind it in the same frame; and now and then a turn between.
        let next: Promise<unknown>;
        if (round % 2 === 0) {
          void manager.release(proxy);
          if (round % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
          next = manager.create(typeid);
        } else {
          next = manager.create(typeid);
          if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
          void manager.release(proxy);
        }
        proxy = (await next) as SharedProxy<Cached>;
        // A dead proxy says ObjectLostError.
        if (round % 16 === 0) await proxy.number();
      }
      expect(await proxy.number()).toBeGreaterThan(0);
      expect(await manager.numberOfObjects()).toBe(1);
      await manager.release(proxy);
    },
    30_000,
  );

  it('never gives a dead proxy to two applications that take turns', async () => {
    const other = test.connect();
    for (let round = 0; round < 1000; round++) {
      const [one, two] = (await Promise.all([
        manager.create('Cached'),
        other.create('Cached'),
      ])) as SharedProxy<Cached>[];
      void manager.release(one as SharedProxy<Cached>);
      const again = manager.create('Cached') as Promise<SharedProxy<Cached>>;
      void other.release(two as SharedProxy<Cached>);
      const proxy = await again;
      expect(await proxy.number()).toBeGreaterThan(0);
      void manager.release(proxy);
    }
  }, 30_000);
});

describe('a reference that is under way while the last handle is released', () => {
  it('holds the object', async () => {
    for (let round = 0; round < 2000; round++) {
      const proxy = await manager.create(Node_);
      const again = proxy.self() as unknown as Promise<SharedProxy<Node_>>;
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      void manager.release(proxy);
      const same = await again;
      expect(await same.number()).toBe(Node_.made);
      void manager.release(same);
    }
  }, 30_000);

  it('is the same reference: released once by each handle', async () => {
    const proxy = await manager.create(Node_);
    const same = (await proxy.self()) as unknown as SharedProxy<Node_>;
    expect(manager.token(same)).toEqual(manager.token(proxy));
    await manager.release(proxy);
    expect(await same.number()).toBe(Node_.made);
    await manager.release(same);
  });
});

describe('references anywhere in an answer', () => {
  it('are handles, one for each object of the answer', async () => {
    const proxy = await manager.create(Node_);
    const { list, map } = (await proxy.many()) as {
      list: [SharedProxy<Node_>, SharedProxy<Node_>];
      map: Map<string, SharedProxy<Node_>>;
    };
    expect(map.get('me')).toBe(list[0]);
    expect(manager.token(list[0])).toEqual(manager.token(proxy));
    expect(await list[1].number()).toBe(Node_.made);
    await Promise.all([proxy, ...list].map((each) => manager.release(each)));
  });
});

describe('two applications', () => {
  it('hold an object each on its own', async () => {
    const other = test.connect();
    const [one, two] = (await Promise.all([manager.create('Cached'), other.create('Cached')])) as [
      SharedProxy<Cached>,
      SharedProxy<Cached>,
    ];
    expect(other.token(two)).toEqual(manager.token(one));
    await other.close();
    expect(await one.number()).toBe(Node_.made);
    await manager.release(one);
  });
});
