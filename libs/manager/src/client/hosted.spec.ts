import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineFactory, keep, share, sharedType, SharedType } from '../definition/index.js';
import type { Shared, SharedProxy, TypeDefinition } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { failure, House, turns, until } from './house.suite.js';
import type { Manager } from './index.js';

let disposed: string[];
let errors: string[];
let ended: number;
let local: Manager;

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
  onSharedDispose(): unknown {
    disposed.push(this.label);
    if (this.label === 'throws') throw new Error('a bad end');
    return this.label === 'rejects' ? Promise.reject(new Error('a late bad end')) : undefined;
  }
}
type ThingProxy = SharedProxy<Thing>;

/** Keeps what it is made with. */
@SharedType()
class Case {
  readonly #content: ThingProxy[];
  constructor(...content: ThingProxy[]) {
    this.#content = content.map((each) => keep(each));
    if (content.length > 2) throw new RangeError('too full');
  }
  names(): Promise<string[]> {
    return Promise.all(this.#content.map((each) => each.name()));
  }
  onSharedDispose(): void {
    disposed.push('case');
  }
}

class Shelf {
  #items: ThingProxy[] = [];
  put(item: ThingProxy): void {
    this.#items.push(keep(item));
  }
  putTwice(item: ThingProxy): void {
    keep(item);
    this.#items.push(keep(item));
  }
  /** Two references, each for itself. */
  putBoth(item: ThingProxy): void {
    this.#items.push(keep(item), keep(local.dup(item)));
  }
  async putLater(item: ThingProxy): Promise<void> {
    await turns(1);
    this.#items.push(keep(item));
  }
  areOne(one: ThingProxy, { two }: { two: ThingProxy }): boolean {
    return one === two;
  }
  dispose(): void {
    void this.#items.shift()?.[Symbol.asyncDispose]();
  }
  /** Disposes what it gives. */
  take(): ThingProxy | undefined {
    const item = this.#items.shift();
    void item?.[Symbol.asyncDispose]();
    return item;
  }
  async takeLater(): Promise<ThingProxy | undefined> {
    await turns(2);
    return this.take();
  }
  takeInTimer(): Promise<ThingProxy | undefined> {
    return new Promise((resolve) => setTimeout(() => resolve(this.take()), 1));
  }
  async takeThrough(): Promise<ThingProxy | undefined> {
    const [item] = await Promise.all([this.takeInTimer(), Promise.resolve()]);
    return item;
  }
  async takeAndFail(): Promise<never> {
    await turns(1);
    this.take();
    throw new RangeError('taken, and failed');
  }
  async names(): Promise<string[]> {
    return Promise.all(this.#items.map((each) => each.name()));
  }
  async lendOn(other: SharedProxy<Shelf>): Promise<void> {
    await Promise.all(this.#items.map((each) => other.put(each)));
  }
  make(label: string): Promise<ThingProxy> {
    return local.create(Thing, label);
  }
  async makeAndKeep(label: string): Promise<void> {
    this.#items.push(keep(await local.create(Thing, label), this));
  }
  async makeAndDrop(label: string): Promise<string> {
    return (await local.create(Thing, label)).name();
  }
  /** Something that cannot be carried stands behind something that can. */
  odd(label: string): unknown {
    return [new Thing(label), () => undefined];
  }
  many(label: string): unknown {
    const thing = new Thing(label);
    const row = [thing, thing];
    return { row, again: row, thing };
  }
}
@SharedType({ typeid: 'Plain' })
class PlainShelf extends Shelf {}
@SharedType({ typeid: 'Knowing', context: true })
class KnowingShelf extends Shelf {}
const SHELVES = [PlainShelf, KnowingShelf] as const;

/** What other hosted code does with a shelf, a call inside a call. */
@SharedType({ context: true })
class Clerk {
  async ask(shelf: SharedProxy<Shelf>, method: 'odd' | 'many'): Promise<number> {
    await shelf[method]('asked');
    return 1;
  }
  pass(shelf: SharedProxy<Shelf>): Promise<ThingProxy | undefined> {
    return shelf.take();
  }
}

/** A second face of a Thing. */
const LabelType = sharedType<Pick<Thing, 'name'>>('Label');
const label = defineFactory({ typeid: 'Label', type: Thing, exposed: ['name'] }, () => new Thing('label'));

@SharedType()
class Faces {
  readonly #thing = new Thing('faces');
  one(): Thing {
    return this.#thing;
  }
  other(): Shared<Pick<Thing, 'name'>> {
    return share<Pick<Thing, 'name'>>(this.#thing, LabelType);
  }
}
/** An instance with two faces that keeps. */
@SharedType()
class Holder {
  put(item: ThingProxy): void {
    keep(item);
  }
  onSharedDispose(): void {
    disposed.push('holder');
  }
  other(): Shared<Holder> {
    return share<Holder>(this, 'Other');
  }
}

@SharedType()
class Chain {
  length(): number {
    return 1;
  }
  onSharedDispose(): void {
    ended++;
  }
}

/** A provider of the server: its factories run in calls, its timers do not. */
class Stock {
  held: ThingProxy | undefined;
  async fill(owner: object): Promise<void> {
    this.held = keep(await local.create(Thing, 'stock'), owner);
  }
  open = async (item: ThingProxy, how: 'now' | 'later'): Promise<Case> => {
    if (how === 'later') await turns(1);
    const made = new Case();
    keep(item, made);
    return made;
  };
}
const OpenType = sharedType<Case, [item: ThingProxy, how: 'now' | 'later']>('Open');

describe('hosted references', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;
  let stock: Stock;

  beforeEach(async () => {
    [disposed, errors, ended] = [[], [], 0];
    house = new House();
    stock = new Stock();
    const open = defineFactory({ typeid: 'Open', type: Case }, stock.open);
    const other = defineFactory({ typeid: 'Other', type: Holder }, () => new Holder());
    server = await house.server(
      [Thing, Case, PlainShelf, KnowingShelf, Clerk, label, Faces, Holder, Chain, other, open],
      {
        logger: {
          log: () => undefined,
          warn: (message) => errors.push(message),
          error: (message) => errors.push(message),
        },
      },
    );
    local = house.manager({ local: () => server.local });
    manager = house.manager();
  });
  afterEach(() => house.close());

  /** Objects of the server, once what is under way has ended. */
  const settled = async (): Promise<number> => {
    await manager.ping();
    await turns(3);
    return server.table.size;
  };

  describe('keep()', () => {
    it('in a constructor keeps for the object that is made', async () => {
      const thing = await manager.create(Thing, 'one');
      const box = await manager.create(Case, thing, thing);
      await manager.release(thing);
      expect(await box.names()).toEqual(['one', 'one']);
      await manager.release(box);
      await until(() => server.table.size === 0);
      expect(disposed).toEqual(['case', 'one']);
    });

    it('in a constructor that throws keeps nothing', async () => {
      const thing = await manager.create(Thing, 'one');
      await failure(manager.create(Case, thing, thing, thing));
      expect(await settled()).toBe(1);
      await manager.release(thing);
      await until(() => server.table.size === 0);
      expect(disposed).toEqual(['one']);
    });

    it.each(['now', 'later'] as const)('in a factory keeps for what it makes: %s', async (how) => {
      const thing = await manager.create(Thing, 'one');
      const box = await manager.create(OpenType, thing, how);
      await manager.release(thing);
      expect(await settled()).toBe(2);
      await manager.release(box);
      await until(() => server.table.size === 0);
      expect(disposed).toEqual(['case', 'one']);
    });

    it('with an owner keeps for it outside of any call', async () => {
      const shelf = await manager.create(PlainShelf);
      const [instance] = [...server.table.objects()].map((object) => object.instance);
      await stock.fill(instance as object);
      expect(server.table.size).toBe(2);
      expect(await stock.held?.name()).toBe('stock');
      await manager.release(shelf);
      await until(() => server.table.size === 0);
      expect(await failure(stock.held?.name() as Promise<string>)).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    });

    it('without an owner is refused where nobody can tell it', async () => {
      const thing = await local.create(Thing, 'one');
      expect(() => keep(thing)).toThrow(/keep\(proxy, owner\)/);
      await local.release(thing);
    });

    it('twice is one holding', async () => {
      const shelf = await manager.create(PlainShelf);
      const thing = await manager.create(Thing, 'one');
      await shelf.putTwice(thing);
      await manager.release(thing);
      expect(await shelf.names()).toEqual(['one']);
      await shelf.dispose();
      expect(await settled()).toBe(1);
    });

    it('of a duplicate is a holding of its own', async () => {
      const shelf = await manager.create(PlainShelf);
      const thing = await manager.create(Thing, 'one');
      await shelf.putBoth(thing);
      await manager.release(thing);
      await shelf.dispose();
      expect(await shelf.names()).toEqual(['one']);
      expect(await settled()).toBe(2);
      await shelf.dispose();
      expect(await settled()).toBe(1);
    });

    it.each(SHELVES)('after an await knows the call that the proxy came with: %p', async (Type) => {
      const shelf = await manager.create(Type);
      const thing = await manager.create(Thing, 'one');
      await shelf.putLater(thing);
      await manager.release(thing);
      expect(await shelf.names()).toEqual(['one']);
    });

    it('by two owners holds until both have let go', async () => {
      const [one, two] = [await manager.create(PlainShelf), await manager.create(PlainShelf)];
      const thing = await manager.create(Thing, 'one');
      await one.put(thing);
      await one.lendOn(two);
      await manager.release(thing);
      await one.dispose();
      expect(await settled()).toBe(3);
      expect(await two.names()).toEqual(['one']);
      await manager.release(two);
      await until(() => server.table.size === 1);
      expect(disposed).toEqual(['one']);
    });
  });

  describe.each(SHELVES)('what a method gives and has disposed of: %p', (Type) => {
    it.each(['take', 'takeLater', 'takeInTimer', 'takeThrough'] as const)('%s()', async (how) => {
      const shelf = await manager.create(Type);
      const thing = await manager.create(Thing, 'one');
      await shelf.put(thing);
      await manager.release(thing);
      const out = (await shelf[how]()) as ThingProxy;
      expect(await out.name()).toBe('one');
      await manager.release(out);
      expect(await settled()).toBe(1);
    });

    it('goes where the method fails', async () => {
      const shelf = await manager.create(Type);
      const thing = await manager.create(Thing, 'one');
      await shelf.put(thing);
      await manager.release(thing);
      expect(await failure(shelf.takeAndFail())).toBeInstanceOf(RangeError);
      expect(await settled()).toBe(1);
    });

    it('reaches the application through a second object', async () => {
      const [shelf, clerk] = [await manager.create(Type), await manager.create(Clerk)];
      const thing = await manager.create(Thing, 'one');
      await shelf.put(thing);
      await manager.release(thing);
      const out = (await clerk.pass(shelf as unknown as SharedProxy<Shelf>)) as ThingProxy;
      expect(await out.name()).toBe('one');
      await manager.release(out);
      expect(await settled()).toBe(2);
    });
  });

  describe('what a method creates', () => {
    it('is given to the caller, and to nobody else', async () => {
      const shelf = await manager.create(KnowingShelf);
      const made = await shelf.make('made');
      expect(await made.name()).toBe('made');
      await manager.release(made);
      expect(await settled()).toBe(1);
      expect(disposed).toEqual(['made']);
    });

    it('is kept where it is kept', async () => {
      const shelf = await manager.create(PlainShelf);
      await shelf.makeAndKeep('kept');
      expect(await shelf.names()).toEqual(['kept']);
      await manager.release(shelf);
      await until(() => server.table.size === 0);
      expect(disposed).toEqual(['kept']);
    });

    it('goes with the call otherwise', async () => {
      const shelf = await manager.create(PlainShelf);
      expect(await shelf.makeAndDrop('dropped')).toBe('dropped');
      expect(await settled()).toBe(1);
      expect(disposed).toEqual(['dropped']);
    });

    it('goes at once where the rest of the answer cannot be carried, whoever asked', async () => {
      const shelf = await manager.create(PlainShelf);
      const hosted = await local.create(PlainShelf);
      expect(await failure(shelf.odd('one'))).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
      expect(await failure(hosted.odd('two'))).toMatchObject({ code: 'ERR_MANAGER_ENCODING', fate: 'executed' });
      const clerk = await manager.create(Clerk);
      await failure(clerk.ask(shelf as unknown as SharedProxy<Shelf>, 'odd'));
      expect(await settled()).toBe(3);
      expect(disposed).toEqual(['one', 'two', 'asked']);
      await local.release(hosted);
    });

    it('goes with the call of the hosted code that asked for it', async () => {
      const [shelf, clerk] = [await manager.create(PlainShelf), await manager.create(Clerk)];
      await clerk.ask(shelf as unknown as SharedProxy<Shelf>, 'many');
      expect(await settled()).toBe(2);
      expect(disposed).toEqual(['asked']);
    });
  });

  it('of one object in one message are one proxy', async () => {
    const shelf = await manager.create(PlainShelf);
    const thing = await manager.create(Thing, 'one');
    expect(await shelf.areOne(thing, { two: thing })).toBe(true);
    expect(await shelf.areOne(thing, { two: manager.dup(thing) })).toBe(true);
    const {
      row,
      again,
      thing: out,
    } = (await shelf.many('many')) as Record<'row' | 'again', ThingProxy[]> & {
      thing: ThingProxy;
    };
    expect(again).toBe(row);
    expect(row[0]).toBe(out);
    expect(row[1]).toBe(out);
    await manager.release(out);
    expect(await settled()).toBe(2);
  });

  describe('an instance under two typeids', () => {
    it('has two ids, and what is exposed under each is its own', async () => {
      const faces = await manager.create(Faces);
      const [one, other] = [await faces.one(), await faces.other()];
      expect(manager.token(one)?.typeid).toBe('Thing');
      expect(manager.token(other)).toMatchObject({ typeid: 'Label' });
      expect(manager.token(other)?.id).not.toBe(manager.token(one)?.id);
      expect(await other.name()).toBe('faces');
      await manager.release(one);
      expect(await settled()).toBe(2);
      expect(disposed).toEqual([]);
      await manager.release(other);
      expect(await settled()).toBe(1);
      expect(disposed).toEqual(['faces']);
    });

    it('keeps what it keeps until the last id goes', async () => {
      const holder = await manager.create(Holder);
      const other = await holder.other();
      const thing = await manager.create(Thing, 'one');
      await holder.put(thing);
      await manager.release(thing);
      await manager.release(holder);
      expect(await settled()).toBe(2);
      expect(disposed).toEqual([]);
      await manager.release(other);
      await until(() => server.table.size === 0);
      expect(disposed).toEqual(['holder', 'one']);
    });
  });

  describe('onSharedDispose()', () => {
    it.each(['throws', 'rejects'])('that %s is logged, and the object is gone', async (how) => {
      const box = await manager.create(Case, await manager.create(Thing, how));
      await manager.release(box);
      const things = [...server.table.objects()].filter(({ type }) => type.typeid === 'Thing');
      expect(things).toHaveLength(1);
      await manager.close();
      await until(() => server.table.size === 0);
      await until(() => errors.length > 0);
      expect(errors).toEqual([expect.stringMatching(/onSharedDispose\(\) of Thing #\d+ failed: a (late )?bad end/)]);
      expect(disposed).toEqual(['case', how]);
      manager = house.manager();
    });
  });

  it('in a chain of 100,000 are let go one after the other, without recursion', async () => {
    const type = server.types.byTypeid.get('Chain') as TypeDefinition;
    let last: object | undefined;
    for (let i = 0; i < 100_000; i++) {
      const link = new Chain();
      const proxy = server.proxies.proxy(server.table.host(type, link), undefined);
      if (last) keep(last as SharedProxy<Chain>, link);
      last = proxy;
    }
    expect(server.table.size).toBe(100_000);
    await local.release(last as SharedProxy<Chain>);
    expect(await settled()).toBe(0);
    expect(ended).toBe(100_000);
  }, 30_000);
});
