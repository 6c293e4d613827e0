import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { failure, House, until } from './house.suite.js';
import type { Manager } from './index.js';

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
}

@SharedType()
class Case {
  readonly #items: SharedProxy<Thing>[];
  readonly #data: unknown;
  constructor(data?: unknown, ...items: SharedProxy<Thing>[]) {
    this.#data = data;
    this.#items = items.map((item) => keep(item));
  }
  add(...items: SharedProxy<Thing>[]): void {
    this.#items.push(...items.map((item) => keep(item)));
  }
  data(): unknown {
    return this.#data;
  }
  names(): Promise<string[]> {
    return Promise.all(this.#items.map((item) => item.name()));
  }
}

describe('arguments that leave later than their call was made', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;
  let thing: SharedProxy<Thing>;

  beforeEach(async () => {
    house = new House();
    server = await house.server([Thing, Case]);
    manager = house.manager();
    thing = await manager.create(Thing, 'one');
  });
  afterEach(() => house.close());

  it('of the first create() of a type are those of the moment, and hold what they refer to', async () => {
    const data = { list: [1] };
    const made = manager.create(Case, data, thing, thing);
    data.list.push(2);
    void manager.release(thing);
    const box = await made;
    expect(await box.data()).toEqual({ list: [1] });
    expect(await box.names()).toEqual(['one', 'one']);
    await manager.release(box);
    await until(() => server.table.size === 0);
  });

  it('of a create() that finds no server are let go again', async () => {
    expect(await failure(manager.at('nowhere').create(Case, 1, thing, (() => 1) as never))).toMatchObject({
      code: 'ERR_MANAGER_ENCODING',
      fate: 'not-executed',
    });
    const impatient = house.manager({ timeout: 300 });
    const theirs = await impatient.redeem<Thing>(await manager.ticket(thing));
    await failure(impatient.at('nowhere').create(Case, 1, theirs));
    await manager.release(thing);
    await impatient.release(theirs);
    await until(() => server.table.size === 0);
  });

  it('go with the first call of a name, of whose time no whole number may be left by then', async () => {
    const box = manager.named('box').lazy(Case);
    const item = manager.named('item').lazy(Thing);
    await manager.with(box, { timeout: 2000.5 }).add(item);
    await Promise.all([box.add(thing), manager.with(box, { timeout: 1000 }).add(manager.named('other').lazy(Thing))]);
    expect(await box.names()).toEqual(['thing', 'one', 'thing']);
  });

  it('of a server that has closed meanwhile fail the call that they are of, and no other', async () => {
    const other = await house.server([Thing], { name: 'other' });
    const theirs = await manager.at('other').create(Thing, 'theirs');
    await other.close();
    const box = manager.at('default').named('box').lazy(Case);
    const [data, added, names] = [box.data(), failure(box.add(theirs)), box.names()];
    expect(await added).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'not-executed' });
    expect(await data).toBeUndefined();
    expect(await names).toEqual([]);
  });

  it('of a get() are those of the moment, and hold what they refer to', async () => {
    const data = { list: [1] };
    const made = manager.get(Case, 'box', data, thing);
    data.list.push(2);
    void manager.release(thing);
    const box = await made;
    expect(await box.data()).toEqual({ list: [1] });
    expect(await box.names()).toEqual(['one']);
  });

  it('of a call may be released at once, those that are there and those that are not yet', async () => {
    const box = await manager.create(Case);
    const lazy = manager.named('lazy', { keep: 'referenced' }).lazy(Thing, 'lazy');
    const added = box.add(lazy, thing);
    for (const each of [lazy, thing]) void manager.release(each);
    await added;
    expect(await box.names()).toEqual(['lazy', 'one']);
    await manager.release(box);
    await until(() => server.table.size === 0);
  });

  it('hold nothing where the call is refused', async () => {
    const box = await manager.create(Case);
    const lazy = manager.named('lazy', { keep: 'referenced' }).lazy(Thing, 'lazy');
    expect(await failure(box.add(lazy, thing, (() => 1) as never))).toMatchObject({ code: 'ERR_MANAGER_ENCODING' });
    for (const each of [box, lazy, thing]) await manager.release(each);
    await manager.ping();
    await until(() => server.table.size === 0);
  });

  it('go back where the call is ended before it left', async () => {
    const box = await manager.create(Case);
    const lazy = manager.named('lazy', { keep: 'referenced' }).lazy(Thing, 'lazy');
    const stop = new AbortController();
    const call = manager.with(box, { signal: stop.signal }).add(thing, lazy);
    for (const each of [lazy, thing]) void manager.release(each);
    stop.abort();
    expect(await failure(call)).toMatchObject({ code: 'ERR_MANAGER_CALL_ABORTED', fate: 'not-executed' });
    await manager.release(box);
    await manager.ping();
    await until(() => server.table.size === 0);
  });

  it('wait for credit, and are there although they were released meanwhile', async () => {
    await house.server([Thing, Case], { name: 'narrow', limits: { calls: 2 } });
    const narrow = manager.at('narrow');
    const box = await narrow.create(Case);
    const calls: Promise<void>[] = [];
    for (let i = 0; i < 50; i++) {
      const each = await narrow.create(Thing, `thing ${i}`);
      for (let j = 0; j < 3; j++) calls.push(box.add(each));
      void manager.release(each);
    }
    await Promise.all(calls);
    expect(await box.names()).toHaveLength(150);
  });
});
