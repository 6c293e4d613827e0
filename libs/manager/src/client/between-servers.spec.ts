import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { failure, House, turns, until } from './house.suite.js';
import type { Manager } from './index.js';

let disposed: string[] = [];

@SharedType()
class Thing {
  #label: string;
  constructor(label = 'thing') {
    this.#label = label;
  }
  name(): string {
    return this.#label;
  }
  rename(label: string): void {
    this.#label = label;
  }
  child(): Thing {
    return new Thing(`child of ${this.#label}`);
  }
  async isCalled(other: SharedProxy<Thing>): Promise<boolean> {
    return (await other.name()) === this.#label;
  }
  onSharedDispose(): void {
    disposed.push(this.#label);
  }
}

/** At the server of things, for what is on shelves. */
@SharedType()
class Drawer {
  #shelf: SharedProxy<Shelf> | undefined;
  put(shelf: SharedProxy<Shelf>): void {
    this.#shelf = keep(shelf);
  }
  shelf(): SharedProxy<Shelf> | undefined {
    return this.#shelf;
  }
}

@SharedType()
class Shelf {
  #items: SharedProxy<Thing>[] = [];
  put(item: SharedProxy<Thing>): void {
    this.#items.push(keep(item));
  }
  look(item: SharedProxy<Thing>): Promise<string> {
    return item.name();
  }
  names(): Promise<string[]> {
    return Promise.all(this.#items.map((item) => item.name()));
  }
  all(): SharedProxy<Thing>[] {
    return this.#items;
  }
  async children(): Promise<SharedProxy<Thing>[]> {
    return Promise.all(this.#items.map((item) => item.child()));
  }
  async throughDrawer(drawer: SharedProxy<Drawer>): Promise<string[] | undefined> {
    return (await drawer.shelf())?.names();
  }
  drop(): void {
    for (const item of this.#items.splice(0)) void item[Symbol.asyncDispose]();
  }
}

describe('an object of one server in the hands of another', () => {
  let house: House;
  let things: ManagerServer;
  let shelves: ManagerServer;
  let manager: Manager;
  let owner: Manager;
  let shelf: SharedProxy<Shelf>;
  let thing: SharedProxy<Thing>;

  beforeEach(async () => {
    disposed = [];
    house = new House();
    things = await house.server([Thing, Drawer], { name: 'things', lease: 600 });
    shelves = await house.server([Shelf], { name: 'shelves', lease: 600 });
    house.manager({ local: () => things.local, foreign: (objects) => (things.foreign = objects) });
    owner = house.manager({ local: () => shelves.local, foreign: (objects) => (shelves.foreign = objects) });
    manager = house.manager();
    shelf = await manager.create(Shelf);
    thing = await manager.create(Thing, 'one');
  });
  afterEach(() => house.close());

  it('is called by who received it', async () => {
    expect(await shelf.look(thing)).toBe('one');
  });

  it('is held by that server, and let go with what keeps it', async () => {
    await shelf.put(thing);
    expect(await shelf.names()).toEqual(['one']);
    await manager.release(thing);
    await manager.ping();
    expect(await shelf.names()).toEqual(['one']);
    expect(things.table.size).toBe(1);
    await manager.release(shelf);
    await until(() => things.table.size === 0);
    expect(disposed).toEqual(['one']);
    expect(shelves.table.size).toBe(0);
  });

  it('is let go when it is taken out', async () => {
    await shelf.put(thing);
    await manager.release(thing);
    await shelf.drop();
    await until(() => things.table.size === 0);
    expect(await shelf.names()).toEqual([]);
  });

  it('is let go when its call is over and nobody kept it', async () => {
    await shelf.look(thing);
    await manager.release(thing);
    await until(() => things.table.size === 0);
  });

  it('comes back to the application as the same object', async () => {
    await shelf.put(thing);
    const [back] = (await shelf.all()) as [SharedProxy<Thing>];
    expect(manager.token(back)).toEqual(manager.token(thing));
    await manager.release(thing);
    expect(await back.name()).toBe('one');
    expect(await (await back.child()).name()).toBe('child of one');
    await manager.release(back);
    await shelf.drop();
    await manager.ping();
  });

  it('is in an answer that held it when it was given, though it is taken out before the answer leaves', async () => {
    const other = await manager.create(Thing, 'two');
    await shelf.put(thing);
    await shelf.put(other);
    await Promise.all([manager.release(thing), manager.release(other)]);
    const [all] = (await Promise.all([shelf.all(), shelf.drop()])) as unknown as [SharedProxy<Thing>[]];
    expect(await Promise.all(all.map((one) => one.name()))).toEqual(['one', 'two']);
    expect(things.table.size).toBe(2);
    await Promise.all(all.map((one) => manager.release(one)));
    await until(() => things.table.size === 0);
  });

  it('hands out objects of its own server there', async () => {
    await shelf.put(thing);
    const [child] = (await shelf.children()) as [SharedProxy<Thing>];
    expect(manager.token(child)?.server).toBe('things');
    expect(await child.name()).toBe('child of one');
    await manager.release(child);
    await until(() => things.table.size === 1);
  });

  it('is given back when the server that held it dies', async () => {
    await shelf.put(thing);
    await manager.release(thing);
    await turns(5);
    expect(things.table.size).toBe(1);
    await shelves.close();
    await owner.close();
    await until(() => things.table.size === 0);
  });

  it('is lost for who keeps it when its own server dies', async () => {
    await shelf.put(thing);
    expect(await shelf.names()).toEqual(['one']);
    await things.close();
    expect(await failure(shelf.names())).toMatchObject({ name: 'ObjectLostError' });
  });

  it('keeps the order of calls that wait for it', async () => {
    const calls = [thing.rename('two'), shelf.put(thing), shelf.names(), thing.rename('three')];
    const done = await Promise.all(calls);
    expect(done[2]).toHaveLength(1);
  });

  it('is passed although its name was not reached yet', async () => {
    const lazy = manager.named('late').lazy(Thing, 'late');
    expect(await shelf.look(lazy)).toBe('late');
  });

  it('is passed on to its own server before it was reached', async () => {
    await shelf.put(thing);
    const [back] = (await shelf.all()) as [SharedProxy<Thing>];
    expect(await thing.isCalled(back)).toBe(true);
  });

  it('comes home as what it is', async () => {
    const drawer = await manager.create(Drawer);
    await shelf.put(thing);
    await drawer.put(shelf);
    expect(await shelf.throughDrawer(drawer)).toEqual(['one']);
    await manager.release(drawer);
    await manager.release(shelf);
    await manager.release(thing);
    await until(() => things.table.size + shelves.table.size === 0);
  });
});
