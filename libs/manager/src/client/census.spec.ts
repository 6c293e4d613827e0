import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type AnyProxy, type SharedProxy } from '../definition/index.js';
import type { HolderDebugInfo, ObjectDebugInfo } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { deferred, House, until, type Deferred } from './house.suite.js';
import type { Manager } from './index.js';

let gate: Deferred<string>;

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
  slow(): Promise<string> {
    return gate.promise;
  }
}

@SharedType()
class Box {
  readonly #items: SharedProxy<Thing>[] = [];
  put(item: SharedProxy<Thing>): void {
    this.#items.push(keep(item));
  }
  async shake(item: SharedProxy<Thing>): Promise<void> {
    await item.slow();
  }
  async *turn(item: SharedProxy<Thing>): AsyncGenerator<string> {
    for (;;) yield await item.name();
  }
  make(count: number): Thing[] {
    return Array.from({ length: count }, (_, i) => new Thing(`made ${i}`));
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;

beforeEach(async () => {
  gate = deferred<string>();
  house = new House();
  server = await house.server([Thing, Box]);
  manager = house.manager({ application: 'web' });
});
afterEach(() => house.close());

/** The object of a proxy, as the census has it. */
async function told(proxy: AnyProxy, by = manager): Promise<ObjectDebugInfo> {
  const { servers } = await by.debugInfo();
  const { id } = by.token(proxy) as { id: number };
  return servers.flatMap(({ objects }) => objects).find((object) => object.id === id) as ObjectDebugInfo;
}

async function holder(proxy: AnyProxy, kind: HolderDebugInfo['kind'], by = manager): Promise<HolderDebugInfo> {
  return (await told(proxy, by)).holders.find((one) => one.kind === kind) as HolderDebugInfo;
}

const HERE = expect.stringMatching(/^libs\/manager\/src\/client\/census\.spec\.ts:\d+:\d+$/) as unknown as string;
const NOW = expect.any(Number) as unknown as number;

describe('the census of an object', () => {
  it('says what it is and how old', async () => {
    const before = Date.now();
    const thing = await manager.get(Thing, 'one', 'first');
    const { holders: _, createdAt, ...rest } = await told(thing);
    expect(rest).toEqual({ id: 1, typeid: 'Thing', name: 'one', preview: "Thing { label: 'first' }" });
    expect(createdAt).toBeGreaterThanOrEqual(before);
    expect(createdAt).toBeLessThanOrEqual(Date.now());
  });

  it('names the application of a session, and how many references it was handed', async () => {
    const thing = await manager.create(Thing);
    expect((await told(thing)).holders).toEqual([
      {
        kind: 'session',
        since: NOW,
        session: expect.stringMatching(/^c-/),
        application: 'web',
        host: hostname(),
        pid: process.pid,
        grants: 1,
        lines: [HERE],
      },
    ]);
  });

  it('names the name, and how long it holds', async () => {
    const options = { keep: { idle: 5000 } };
    const thing = await manager.named('one', options).create(Thing);
    expect(await holder(thing, 'name')).toEqual({ kind: 'name', since: NOW, name: 'one', ...options });
  });

  it('names the object that keeps it, and the line of keep()', async () => {
    const [box, thing] = [await manager.get(Box, 'box'), await manager.create(Thing)];
    await box.put(thing);
    const { id } = manager.token(box) as { id: number };
    expect(await holder(thing, 'object')).toEqual({
      kind: 'object',
      since: NOW,
      object: { id, typeid: 'Box', name: 'box' },
      lines: [HERE],
    });
  });

  it('names the calls that it is lent to, and counts those that run on it', async () => {
    const [box, thing] = [await manager.create(Box), await manager.create(Thing)];
    const calls = [box.shake(thing), thing.slow(), thing.slow()];
    await until(() => server.table.find(2)?.calls === 3);
    const { holders } = await told(thing);
    const [lent, running] = holders.filter(({ kind }) => kind === 'call');
    expect(lent).toEqual({
      kind: 'call',
      since: NOW,
      session: expect.stringMatching(/^c-/),
      application: 'web',
      method: 'shake',
      object: { id: 1, typeid: 'Box' },
    });
    expect(running).toEqual({ kind: 'call', running: 3 });
    gate.resolve('done');
    await Promise.all(calls);
    await until(() => server.table.find(2)?.calls === 0);
    expect((await told(thing)).holders.map(({ kind }) => kind)).toEqual(['session']);
  });

  it('names the open iterator that uses it', async () => {
    const [box, thing] = [await manager.create(Box), await manager.create(Thing)];
    const turns = await box.turn(thing);
    await turns.next();
    const iterator = manager.token(turns as unknown as AnyProxy) as { id: number };
    expect(await holder(thing, 'iterator')).toEqual({
      kind: 'iterator',
      since: NOW,
      object: { id: iterator.id, typeid: 'Iterator' },
    });
    await turns.return(undefined);
    await until(() => server.table.find(iterator.id) === undefined);
    expect(await holder(thing, 'iterator')).toBeUndefined();
  });

  it('names code of the server, and the line where its proxy was made', async () => {
    const local = house.manager({ local: () => server.local });
    const thing = await local.create(Thing);
    expect((await told(thing)).holders).toEqual([{ kind: 'server', since: NOW, lines: [HERE] }]);
  });

  it('names the ticket that is good for it', async () => {
    const thing = await manager.create(Thing);
    await manager.ticket(thing, { ttl: 5000, uses: 3 });
    const { since, expiresAt, ...rest } = await holder(thing, 'ticket');
    expect(rest).toEqual({ kind: 'ticket', application: 'web', uses: 3 });
    expect((expiresAt as number) - (since as number)).toBe(5000);
  });
});

describe('the objects of a namespace', () => {
  it('are counted over all live servers, whoever holds them', async () => {
    expect(await manager.numberOfObjects()).toBe(0);
    const other = await house.server([Thing], { name: 'other' });
    const mine = await manager.at('default').create(Thing);
    await house.manager().at('other').create(Thing);
    expect(await manager.numberOfObjects()).toBe(2);
    expect(await manager.ping()).toBeGreaterThanOrEqual(0);
    await manager.release(mine);
    await manager.ping();
    expect(await manager.numberOfObjects()).toBe(1);
    await other.close();
    expect(await manager.numberOfObjects()).toBe(0);
  });
});

describe('the lines of references', () => {
  const linesOf = async (proxy: AnyProxy, by = manager): Promise<string[] | undefined> =>
    (await holder(proxy, 'session', by)).lines;
  const lineNow = (): number =>
    Number(/census\.spec\.ts:(\d+)/.exec(new Error('here').stack?.split('\n')[2] ?? '')?.[1]);

  it('are those of the proxies that were not released, whatever they came from', async () => {
    const line = lineNow();
    const first = await manager.create(Thing);
    const second = manager.dup(first);
    const lines = (await linesOf(first)) as string[];
    expect(lines.map((one) => Number(one.split(':')[1]))).toEqual([line + 1, line + 2]);
    await manager.release(first);
    expect(await linesOf(second)).toEqual([lines[1]]);
  });

  it('are those of the calls, for what came in a result', async () => {
    const box = await manager.create(Box);
    const line = lineNow();
    const [thing] = (await box.make(2)) as [SharedProxy<Thing>, SharedProxy<Thing>];
    expect((await linesOf(thing))?.map((one) => Number(one.split(':')[1]))).toEqual([line + 1]);
  });

  it('are those of the calls also where they had to wait for their object', async () => {
    const box = manager.named('box').lazy(Box);
    const line = lineNow();
    const [thing] = (await box.make(1)) as [SharedProxy<Thing>];
    expect((await linesOf(thing))?.map((one) => Number(one.split(':')[1]))).toEqual([line + 1]);
  });

  it('are those where a named object was asked for', async () => {
    const line = lineNow();
    const thing = await manager.get(Thing, 'one');
    const again = await manager.get(Thing, 'one');
    expect((await linesOf(thing))?.map((one) => Number(one.split(':')[1]))).toEqual([line + 1, line + 2]);
    await manager.release(again);
    expect(await linesOf(thing)).toHaveLength(1);
  });

  it('are not told to another application', async () => {
    const other = house.manager({ application: 'other' });
    const thing = await manager.get(Thing, 'one');
    const [mine, theirs] = [thing, await other.get(Thing, 'one')];
    const { holders } = await told(theirs, other);
    const lines = holders
      .filter(({ kind }) => kind === 'session')
      .map(({ application, lines }) => [application, lines]);
    expect(lines).toEqual([
      ['web', undefined],
      ['other', [HERE]],
    ]);
    expect(await linesOf(mine)).toHaveLength(1);
  });
});

describe('a census that is larger than a message', () => {
  const small = { limits: { messageBytes: 20_000 } };
  const objectsOf = async (by: Manager): Promise<ObjectDebugInfo[]> =>
    (await by.debugInfo()).servers.flatMap(({ objects }) => objects);

  it('tells every object once', async () => {
    const [box, asker] = [await manager.create(Box), house.manager(small)];
    const made = await box.make(1000);
    const objects = await objectsOf(asker);
    expect(made).toHaveLength(1000);
    expect(objects.map(({ id }) => id)).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
    expect(objects.every(({ holders }) => holders.length === 1)).toBe(true);
  });

  it('tells every holder of one object', async () => {
    const thing = await manager.create(Thing);
    const boxes = await Promise.all(Array.from({ length: 500 }, () => manager.create(Box)));
    for (const box of boxes) await box.put(thing);
    const [first] = await objectsOf(house.manager(small));
    const keepers = first?.holders.map(({ object }) => object?.id);
    expect(boxes).toHaveLength(500);
    expect(keepers).toEqual([undefined, ...Array.from({ length: 500 }, (_, i) => i + 2)]);
  });
});
