import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { currentCall, defineFactory, handleOf, keep, share, sharedType, SharedType } from '../definition/index.js';
import type { AnyProxy, Handle, Shared, SharedProxy, TypeDefinition } from '../definition/index.js';
import { MethodNotExposedError, TicketInvalidError } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, failure, House, turns, until, type Deferred, type Line } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred;
let disposed: string[];
let instances: WeakRef<object>[];
/** The server's own manager, as hosted code has it injected. */
let local: Manager;

@SharedType()
class Magnifier {
  constructor(readonly coef = 2) {
    instances.push(new WeakRef(this));
  }
  scale(x: number): number {
    return x * this.coef;
  }
  makeChild(coef: number): Magnifier {
    return new Magnifier(coef);
  }
  self(): this {
    return this;
  }
  plain(): Shared<Magnifier> {
    return share<Magnifier>(this, PlainType);
  }
  async slowSelf(): Promise<Magnifier> {
    await gate.promise;
    return this;
  }
  fail(): never {
    throw new RangeError('out of focus');
  }
  onSharedDispose(): void {
    disposed.push(`magnifier ${this.coef}`);
  }
}
type Item = SharedProxy<Magnifier>;
/** The same class under another name, where less is exposed. */
const PlainType = sharedType<Magnifier>('Plain');
const plain = defineFactory({ typeid: 'Plain', type: Magnifier, exposed: ['scale'] }, () => new Magnifier());

const remembered = new Map<number, Magnifier>();
const MagType = sharedType<Magnifier, [coef: number]>('Mag');
const mag = defineFactory({ typeid: 'Mag', type: Magnifier }, (coef: number) => {
  const found = remembered.get(coef) ?? new Magnifier(coef);
  remembered.set(coef, found);
  return found;
});

/** As Python's list proxies nest. */
@SharedType()
class PyList {
  readonly items: Item[] = [];
  push(item: Item): void {
    this.items.push(keep(item));
  }
  at(index: number): Item | undefined {
    return this.items[index];
  }
  delete(index: number): void {
    for (const item of this.items.splice(index, 1)) void item[Symbol.asyncDispose]();
  }
}

@SharedType()
class PyDict {
  readonly #items = new Map<string, SharedProxy<PyList>>();
  readonly #data: Record<string, unknown> = {};
  set(key: string, item: SharedProxy<PyList>): void {
    this.delete(key);
    this.#items.set(key, keep(item));
  }
  get(key: string): SharedProxy<PyList> | undefined {
    return this.#items.get(key);
  }
  delete(key: string): boolean {
    void this.#items.get(key)?.[Symbol.asyncDispose]();
    return this.#items.delete(key);
  }
  setData(key: string, value: unknown): void {
    this.#data[key] = value;
  }
  data(key: string): unknown {
    return this.#data[key];
  }
  all(): Map<string, SharedProxy<PyList>> {
    return this.#items;
  }
}

/** A queue whose consumers wait, and take the thing itself. */
@SharedType({ waits: ['get'] })
class PyQueue {
  readonly #items: Item[] = [];
  readonly #taken: Item[] = [];
  readonly #takers: ((item: Item) => void)[] = [];
  put(item: Item): void {
    this.#items.push(keep(item));
    this.#serve();
  }
  async get(): Promise<Item> {
    const call = currentCall();
    const item = await new Promise<Item>((resolve, reject) => {
      this.#takers.push(resolve);
      call.signal.addEventListener('abort', () => {
        this.#takers.splice(this.#takers.indexOf(resolve) >>> 0, 1);
        reject(call.signal.reason as Error);
      });
      this.#serve();
    });
    this.#taken.push(item);
    call.onUndelivered(() => {
      this.#items.unshift(...this.#taken.splice(this.#taken.indexOf(item), 1));
      this.#serve();
    });
    return item;
  }
  /** The queue lets go of an item once its consumer says that it has it. */
  taskDone(): void {
    void this.#taken.shift()?.[Symbol.asyncDispose]();
  }
  size(): number {
    return this.#items.length;
  }
  #serve(): void {
    while (this.#items.length > 0 && this.#takers.length > 0) this.#takers.shift()?.(this.#items.shift() as Item);
  }
}

@SharedType()
class Nest {
  readonly #egg: Promise<SharedProxy<Magnifier>>;
  constructor(coef: number) {
    this.#egg = local.create(Magnifier, coef).then((egg) => keep(egg, this));
  }
  async scale(x: number): Promise<number> {
    return (await this.#egg).scale(x);
  }
}
const NestType = sharedType<Nest, [coef: number]>('SlowNest');
const nest = defineFactory({ typeid: 'SlowNest', type: Nest }, async (coef: number) => {
  await gate.promise;
  return new Nest(coef);
});

@SharedType()
class Broken {
  constructor(item?: Item) {
    if (item) keep(item);
    throw new TypeError('a broken constructor');
  }
}

@SharedType({ exposed: [] })
class Closed {
  secret(): number {
    return 42;
  }
}

const LEASE = 300;
let house: House;
let server: ManagerServer;
let manager: Manager;
let other: Manager;

const TYPES = [Magnifier, plain, mag, PyList, PyDict, PyQueue, Nest, nest, Broken, Closed] as (
  TypeDefinition | typeof Nest
)[];

beforeEach(async () => {
  gate = deferred();
  [disposed, instances] = [[], []];
  remembered.clear();
  house = new House();
  server = await house.server(TYPES, { lease: LEASE });
  local = house.manager({ local: () => server.local });
  manager = house.manager({ application: 'parent' });
  other = house.manager({ application: 'child' });
});
afterEach(async () => {
  gate.resolve();
  await house.close();
});

const settled = async (): Promise<number> => {
  await Promise.all([manager, other].map((each) => each.ping()));
  await turns(3);
  return server.table.size;
};

/** What the census says, in short: each object, and who holds it. */
const census = async (): Promise<string[]> => {
  const { servers } = await manager.debugInfo();
  return servers
    .flatMap(({ objects }) => objects)
    .map(({ typeid, holders }) => `${typeid}: ${holders.map(({ kind }) => kind).join(', ')}`);
};

describe('B1 why inc, inc and dec', () => {
  it('two applications get one object of a factory that remembers it, and it goes with the second', async () => {
    const mine = await manager.create(MagType, 2);
    const theirs = await other.create(MagType, 2);
    expect(other.token(theirs)).toEqual(manager.token(mine));
    expect(await census()).toEqual(['Mag: session, session']);
    await manager.release(mine);
    expect(await settled()).toBe(1);
    expect(await census()).toEqual(['Mag: session']);
    expect(await theirs.scale(10)).toBe(20);
    await other.release(theirs);
    await until(() => server.table.size === 0);
  });
});

describe('B2 pickling loses the object', () => {
  it('a proxy that is put in a queue and dropped is there for a slow consumer', async () => {
    const queue: string[] = [];
    for (let coef = 1; coef < 10; coef++) {
      await using scaler = await manager.create(Magnifier, coef);
      queue.push(JSON.stringify({ scaler: await manager.ticket(scaler) }));
    }
    expect(await settled()).toBe(9);
    await manager.close();
    for (let coef = 1; coef < 10; coef++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      const { scaler } = JSON.parse(queue.shift() as string) as { scaler: string };
      await using proxy = await other.redeem<Magnifier>(scaler);
      expect(await proxy.scale(8)).toBe(coef * 8);
    }
    await until(() => server.table.size === 0);
    expect(disposed).toHaveLength(9);
    manager = other;
  });

  it('a proxy that is put in a shared queue and dropped in the same turn is there, too', async () => {
    const queue = await manager.create(PyQueue);
    const theirs = await other.redeem<PyQueue>(await manager.ticket(queue));
    const scaler = await manager.create(Magnifier, 3);
    const put = queue.put(scaler);
    void manager.release(scaler);
    await put;
    expect(await settled()).toBe(2);
    const got = (await theirs.get()) as Item;
    expect(await got.scale(8)).toBe(24);
    await theirs.taskDone();
    expect(await settled()).toBe(2);
    await other.release(got);
    await until(() => server.table.size === 1);
    expect(disposed).toEqual(['magnifier 3']);
  });

  it('a proxy that is serialised and never taken does not leak', async () => {
    const scaler = await manager.create(Magnifier);
    await manager.ticket(scaler, { ttl: 30 });
    await manager.release(scaler);
    expect(server.table.size).toBe(1);
    await until(() => server.table.size === 0);
  });

  it('a proxy that is taken twice does not release what others hold', async () => {
    const scaler = await manager.create(Magnifier);
    const ticket = await manager.ticket(scaler);
    const first = await other.redeem<Magnifier>(ticket);
    expect(await failure(other.redeem(ticket))).toBeInstanceOf(TicketInvalidError);
    expect(await failure(manager.redeem(ticket))).toBeInstanceOf(TicketInvalidError);
    await other.release(first);
    expect(await settled()).toBe(1);
    expect(await scaler.scale(3)).toBe(6);
  });

  it('a proxy that may be taken twice counts for each who took it', async () => {
    const scaler = await manager.create(Magnifier);
    const ticket = await manager.ticket(scaler, { uses: 2 });
    const [one, two] = [await other.redeem<Magnifier>(ticket), await other.redeem<Magnifier>(ticket)];
    await manager.release(scaler);
    await other.release(one);
    expect(await settled()).toBe(1);
    expect(await two.scale(3)).toBe(6);
    await other.release(two);
    await until(() => server.table.size === 0);
  });

  it('a proxy that travels again and again counts no more in the end than in the beginning', async () => {
    const scaler = await manager.create(Magnifier);
    for (let round = 0; round < 20; round++) {
      const theirs = await other.redeem<Magnifier>(await manager.ticket(scaler));
      const mine = await manager.redeem<Magnifier>(await other.ticket(theirs));
      await Promise.all([other.release(theirs), manager.release(mine)]);
    }
    await settled();
    expect(await census()).toEqual(['Magnifier: session']);
    await manager.release(scaler);
    await until(() => server.table.size === 0);
  });
});

describe('B3 proxy-returning methods fail in other processes', () => {
  it('an application that was handed a proxy can do with it what the first can', async () => {
    const parent = await manager.create(Magnifier);
    const theirs = await other.redeem<Magnifier>(await manager.ticket(parent));
    const child = await theirs.makeChild(5);
    expect(await child.scale(5)).toBe(25);
    const grandchild = await child.makeChild(6);
    expect(await grandchild.scale(1)).toBe(6);
    for (const each of [theirs, child, grandchild]) await other.release(each);
    expect(await settled()).toBe(1);
    expect(await census()).toEqual(['Magnifier: session']);
  });

  it('so it is with containers that give what is stored in them', async () => {
    const dict = await manager.create(PyDict);
    const theirs = await other.redeem<PyDict>(await manager.ticket(dict));
    await dict.set('a', await manager.create(PyList));
    const all = (await theirs.all()) as Map<string, SharedProxy<PyList>>;
    await all.get('a')?.push(await other.create(Magnifier, 4));
    const item = (await all.get('a')?.at(0)) as Item;
    expect(await item.scale(2)).toBe(8);
  });
});

describe('B4 nested proxies are never released', () => {
  it('a list in a dict goes when it is deleted from it, step by step as in the article', async () => {
    const dict = await manager.create(PyDict);
    expect(await census()).toEqual(['PyDict: session']);

    const list = await manager.create(PyList);
    expect(await census()).toEqual(['PyDict: session', 'PyList: session']);

    await dict.set('c', list);
    expect(await census()).toEqual(['PyDict: session', 'PyList: session, object']);
    const again = (await dict.get('c')) as SharedProxy<PyList>;
    await again.push(await manager.create(Magnifier));
    expect(manager.token(again)).toEqual(manager.token(list));
    expect(await list.at(0)).toBeDefined();
    await manager.release(again);

    await manager.release(list);
    await settled();
    expect((await census()).slice(0, 2)).toEqual(['PyDict: session', 'PyList: object']);
    const third = (await dict.get('c')) as SharedProxy<PyList>;
    expect(await third.at(0)).toBeDefined();
    await manager.release(third);

    expect(await dict.delete('c')).toBe(true);
    expect((await census()).filter((line) => line.startsWith('Py'))).toEqual(['PyDict: session']);
  });

  it('what is nested goes with the outermost', async () => {
    const dict = await manager.create(PyDict);
    const list = await manager.create(PyList);
    const item = await manager.create(Magnifier, 9);
    await list.push(item);
    await dict.set('c', list);
    for (const each of [item, list]) await manager.release(each as AnyProxy);
    expect(await settled()).toBe(3);
    await manager.release(dict);
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['magnifier 9']);
  });

  it('a list that was put into itself goes, and so does a longer cycle', async () => {
    const list = await manager.create(PyList);
    await list.push(list as unknown as Item);
    await manager.release(list);
    const [one, two] = [await manager.create(PyList), await manager.create(PyList)];
    await one.push(two as unknown as Item);
    await two.push(one as unknown as Item);
    await two.push(await manager.create(Magnifier, 7));
    await manager.release(one);
    await manager.release(two);
    await manager.close();
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['magnifier 7']);
    manager = other;
  });
});

describe('B5 exposed is a mess', () => {
  it('what a proxy offers and what the server allows are the same list', async () => {
    const magnifier = await manager.create(PlainType);
    expect(Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(magnifier)))).toEqual([
      'constructor',
      'scale',
    ]);
    const error = await failure(rawCall(magnifier, 'makeChild', [3]));
    expect(error).toBeInstanceOf(MethodNotExposedError);
    expect(error).toMatchObject({ fate: 'not-executed', typeid: 'Plain', method: 'makeChild' });
    expect(await rawCall(magnifier, 'scale', [3])).toBe(6);
  });

  it('nothing is callable that is not on it, whoever forges the call', async () => {
    const magnifier = await manager.create(Magnifier);
    for (const name of [
      'constructor',
      '__sizeof__',
      'toString',
      'hasOwnProperty',
      'coef',
      '__proto__',
      'onSharedDispose',
    ]) {
      expect(await failure(rawCall(magnifier, name, []))).toMatchObject({ code: 'ERR_MANAGER_METHOD_NOT_EXPOSED' });
    }
    expect(disposed).toEqual([]);
  });
});

describe('B6 exceptions lose their traceback', () => {
  it('an error arrives as its own class, with the stack of the server', async () => {
    const error = await failure((await manager.create(Magnifier)).fail());
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('out of focus');
    expect(error['remoteStack']).toMatch(/Magnifier\.fail[\s\S]*ancestor-bugs\.spec/);
  });

  it('so does one of a constructor', async () => {
    expect(await failure(manager.create(Broken))).toMatchObject({
      name: 'TypeError',
      remoteStack: expect.stringMatching(/new Broken/) as unknown,
    });
  });
});

describe('B7 two kinds of targets of method_to_typeid', () => {
  it('what a method gives is what is shared: its class says as what, or share() does', async () => {
    const magnifier = await manager.create(Magnifier);
    expect(manager.token((await magnifier.makeChild(3)) as unknown as AnyProxy)?.typeid).toBe('Magnifier');
    const plain = await magnifier.plain();
    expect(manager.token(plain as unknown as AnyProxy)?.typeid).toBe('Plain');
    expect(await plain.scale(3)).toBe(6);
  });
});

describe('B8 _inheriting', () => {
  it('a proxy that a worker is started with holds the object for the worker', async () => {
    const magnifier = await manager.create(Magnifier);
    const start = { ticket: await manager.ticket(magnifier) };
    void manager.release(magnifier);
    const worker = house.manager({ application: 'worker' });
    const theirs = await worker.redeem<Magnifier>(start.ticket);
    expect(await theirs.scale(4)).toBe(8);
    await worker.close();
    await until(() => server.table.size === 0);
  });
});

describe('B9 what was found in no article', () => {
  it('(a) an object exposed again under another type clobbers nothing', async () => {
    const magnifier = await manager.create(Magnifier);
    const plain = await magnifier.plain();
    const self = (await magnifier.self()) as unknown as Item;
    expect(manager.token(self)).toEqual(manager.token(magnifier));
    expect(manager.token(plain as unknown as AnyProxy)?.id).not.toBe(manager.token(magnifier)?.id);
    expect(await (await magnifier.makeChild(3)).scale(1)).toBe(3);
    expect(await failure(rawCall(plain as unknown as AnyProxy, 'makeChild', [3]))).toBeInstanceOf(
      MethodNotExposedError,
    );
    await manager.release(magnifier);
    await manager.release(self);
    expect(await plain.scale(2)).toBe(4);
    expect(disposed).not.toContain('magnifier 2');
  });

  it('(b) a slow constructor holds nobody up', async () => {
    const slow = manager.create(NestType, 3);
    const magnifier = await manager.create(Magnifier);
    expect(await magnifier.scale(2)).toBe(4);
    expect(await census()).toEqual(['Magnifier: session']);
    await manager.release(magnifier);
    await until(() => server.table.size === 0);
    gate.resolve();
    expect(await (await slow).scale(2)).toBe(6);
  });

  it('(b) a constructor may create objects in its own server', async () => {
    const nest = await manager.create(Nest, 5);
    expect(await nest.scale(2)).toBe(10);
    expect(await census()).toEqual(['Nest: session', 'Magnifier: object']);
    await manager.release(nest);
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['magnifier 5']);
  });

  it('(c) after a session that died its proxies say so, and the manager goes on with a new one', async () => {
    const line: Line = house.line();
    const lost = house.manager({ transport: line });
    const [magnifier, list] = [await lost.create(Magnifier), await lost.create(PyList)];
    await list.push(magnifier);
    line.cut();
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['magnifier 2']);
    line.mend();
    expect(await failure(magnifier.scale(1))).toMatchObject({
      code: 'ERR_MANAGER_SESSION_EXPIRED',
      fate: 'not-executed',
    });
    const fresh = await lost.create(PyList);
    expect(await failure(fresh.push(magnifier))).toMatchObject({ fate: 'not-executed' });
    expect(await failure(lost.ticket(magnifier))).toMatchObject({ code: 'ERR_MANAGER_SESSION_EXPIRED' });
    for (const each of [magnifier, list]) await lost.release(each as AnyProxy);
    await fresh.push(await lost.create(Magnifier, 8));
    expect(server.table.size).toBe(2);
    expect(await ((await fresh.at(0)) as Item).scale(2)).toBe(16);
  });

  it('(c) after a restart of the server they say so, too, and the manager goes on with the new one', async () => {
    const first = await house.server(TYPES, { name: 'restarted' });
    const magnifier = await manager.at('restarted').create(Magnifier);
    await first.close();
    await house.server(TYPES, { name: 'restarted' });
    expect(await failure(magnifier.scale(1))).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'not-executed' });
    expect(await (await manager.at('restarted').create(Magnifier)).scale(2)).toBe(4);
  });

  it('(d) a consumer killed while it waits takes nothing with it', async () => {
    const line = house.line();
    const doomed = house.manager({ transport: line });
    const queue = await manager.get(PyQueue, 'queue');
    const call = (await doomed.get(PyQueue, 'queue')).get();
    call.catch(() => undefined);
    await doomed.ping();
    line.cut();
    await until(() => server.sessions === 1);
    const item = await manager.create(Magnifier, 6);
    await queue.put(item);
    await manager.release(item);
    expect(await queue.size()).toBe(1);
    expect(await ((await queue.get()) as Item).scale(1)).toBe(6);
  });

  it('(d) a consumer killed before it had its item gives the reference back to the queue', async () => {
    const line = house.line();
    const doomed = house.manager({ transport: line });
    const queue = await manager.get(PyQueue, 'queue');
    const call = (await doomed.get(PyQueue, 'queue')).get();
    call.catch(() => undefined);
    await doomed.ping();
    line.deaf = true;
    const item = await manager.create(Magnifier, 6);
    await queue.put(item);
    await manager.release(item);
    line.cut();
    expect(await ((await queue.get()) as Item).scale(1)).toBe(6);
    expect(disposed).toEqual([]);
  });

  it('(e) an empty list exposes nothing', async () => {
    const closed = await manager.create(Closed);
    expect(await failure(rawCall(closed, 'secret', []))).toBeInstanceOf(MethodNotExposedError);
  });
});

describe('defects of mpservice', () => {
  it('(2) a constructor that fails leaves no object behind, nor what it kept', async () => {
    const item = await manager.create(Magnifier);
    expect(await failure(manager.create(Broken, item))).toBeInstanceOf(TypeError);
    expect(await census()).toEqual(['Magnifier: session']);
    await manager.release(item);
    await until(() => server.table.size === 0);
  });
});

describe('C, reported by users', () => {
  it('4 the server does not keep the last object of a request alive until the next one', async () => {
    const list = await manager.create(PyList);
    await useOnce();
    await until(() => server.table.size === 1);
    await collected();
    expect(await list.at(0)).toBeUndefined();
  });

  /** The last thing that is asked of the server. */
  async function useOnce(): Promise<void> {
    await using magnifier = await manager.create(Magnifier);
    await magnifier.scale(2);
    await using self = (await magnifier.self()) as unknown as Item;
    expect(self).toBeDefined();
  }

  it('5 a shared queue may be stored in a shared dict', async () => {
    const dict = await manager.create(PyDict);
    const queue = await manager.create(PyQueue);
    await dict.set('queue', queue as unknown as SharedProxy<PyList>);
    await manager.release(queue);
    const again = (await dict.get('queue')) as unknown as SharedProxy<PyQueue>;
    await again.put(await manager.create(Magnifier, 3));
    expect(await ((await again.get()) as Item).scale(1)).toBe(3);
  });

  it('9 a manager finds the server again after a restart, and a named proxy its object', async () => {
    const first = await house.server(TYPES, { name: 'restarted' });
    const mine = manager.at('restarted').named('one', { keep: 'always' }).lazy(Magnifier, 4);
    expect(await mine.scale(1)).toBe(4);
    await first.close();
    await house.server(TYPES, { name: 'restarted' });
    expect(await failure(mine.scale(1))).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    expect(await mine.scale(1)).toBe(4);
  });

  it('14 errors keep no object alive', async () => {
    await failOnce();
    await until(() => server.table.size === 0);
    await collected();
    expect(disposed).toEqual(['magnifier 2']);
  });

  async function failOnce(): Promise<void> {
    await using magnifier = await manager.create(Magnifier);
    await failure(magnifier.fail());
  }

  it('15 a change of a copy changes the copy alone, until it is put back', async () => {
    const dict = await manager.create(PyDict);
    await dict.setData('a', { list: [1] });
    const copy = (await dict.data('a')) as { list: number[] };
    copy.list.push(2);
    expect(await dict.data('a')).toEqual({ list: [1] });
    await dict.setData('a', copy);
    expect(await dict.data('a')).toEqual({ list: [1, 2] });
  });

  it('24 what is not held any more is said in words, with what it was', async () => {
    const magnifier = await manager.create(Magnifier);
    await manager.release(magnifier);
    const error = await failure(magnifier.scale(1));
    expect(error.message).toMatch(
      /^The proxy of Magnifier was released, so it cannot call scale\(\)\. It was released:/,
    );
  });
});

describe('an object that hands itself out', () => {
  it('while a method of it runs is the same object, though everybody else let go meanwhile', async () => {
    const magnifier = await manager.create(Magnifier, 3);
    const before = manager.token(magnifier);
    const call = magnifier.slowSelf();
    await manager.ping();
    await manager.release(magnifier);
    expect(await settled()).toBe(1);
    gate.resolve();
    const self = (await call) as unknown as Item;
    expect(manager.token(self)).toEqual(before);
    expect(await self.scale(2)).toBe(6);
    expect(disposed).toEqual([]);
    await manager.release(self);
    await until(() => server.table.size === 0);
    expect(disposed).toEqual(['magnifier 3']);
  });

  it('after it was freed is another object, under an id of its own', async () => {
    const list = await manager.create(PyList);
    const magnifier = await manager.create(Magnifier, 3);
    const before = manager.token(magnifier);
    const instance = instances[0]?.deref() as Magnifier;
    await manager.release(magnifier);
    await until(() => disposed.length === 1);
    await using hosted = await local.redeem<PyList>(await manager.ticket(list));
    await hosted.push(instance as unknown as Item);
    const self = (await list.at(0)) as Item;
    expect(manager.token(self)?.id).not.toBe(before?.id);
    expect(await self.scale(2)).toBe(6);
  });
});

/** Every instance was collected. What is looked at stays for the rest of its turn, so that is another one. */
async function collected(): Promise<void> {
  do {
    await turns(1);
    (globalThis as { gc?: () => void }).gc?.();
    await turns(1);
  } while (instances.some((each) => each.deref()));
}

/** Calls a method whatever the shape of the proxy says: as a forged message would. */
function rawCall(proxy: AnyProxy, method: string, args: unknown[]): Promise<unknown> {
  return (handleOf(proxy) as Handle).call(method, args);
}
