import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure, House, until, type Deferred } from '../client/house.suite.js';
import type { Manager } from '../client/index.js';
import { findCall, keep, SharedType, type AnyProxy, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from './index.js';
import type { Holder, HostedObject } from './object-table.js';

let disposed: Map<Node, number>;
let disposedIn: unknown[];
let gate: Deferred;

@SharedType({ context: true })
class Node {
  readonly to: SharedProxy<Node>[] = [];
  constructor(readonly label = '') {}
  link(...others: SharedProxy<Node>[]): void {
    for (const other of others) this.to.push(keep(other));
  }
  cut(): void {
    for (const other of this.to.splice(0)) void other[Symbol.asyncDispose]();
  }
  name(): string {
    return this.label;
  }
  async names(): Promise<string[]> {
    return Promise.all(this.to.map((other) => other.name()));
  }
  child(index: number): SharedProxy<Node> | undefined {
    return this.to[index];
  }
  async waits(): Promise<void> {
    await gate.promise;
  }
  onSharedDispose(): void {
    disposed.set(this, (disposed.get(this) ?? 0) + 1);
    disposedIn.push(findCall());
    if (this.label === 'bad') throw new Error('thrown');
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;

beforeEach(async () => {
  disposed = new Map();
  disposedIn = [];
  gate = deferred();
  house = new House();
  server = await house.server([Node]);
  manager = house.manager();
});
afterEach(() => house.close());

const nodes = (count: number): Promise<SharedProxy<Node>[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => manager.create(Node, `node ${i}`)));

const release = async (...proxies: AnyProxy[]): Promise<void> => {
  await Promise.all(proxies.map((proxy) => manager.release(proxy)));
};

/** A search has looked at everything that was suspected until now. */
const searched = async (): Promise<void> => {
  await manager.ping();
  const before = server.cycles.cost.searches;
  await until(() => server.cycles.cost.searches > before && !server.cycles.running);
};

const each = (list: readonly SharedProxy<Node>[], link: (node: SharedProxy<Node>, i: number) => unknown) =>
  Promise.all(list.map(link));

/** Pairs of those that hold and those that are held. */
const shapes: Record<string, readonly [nodes: number, edges: readonly (readonly [number, number])[]]> = {
  'a node that contains itself': [1, [[0, 0]]],
  'a node that contains itself twice': [1, [[0, 0], [0, 0]]], // prettier-ignore
  'two that hold each other': [2, [[0, 1], [1, 0]]], // prettier-ignore
  'a ring of a hundred': [100, Array.from({ length: 100 }, (_, i) => [i, (i + 1) % 100])],
  'a clique': [12, Array.from({ length: 144 }, (_, i) => [i % 12, Math.floor(i / 12)])],
  'two rings that share a node': [5, [[0, 1], [1, 2], [2, 0], [2, 3], [3, 4], [4, 2]]], // prettier-ignore
  'a ring that holds another one, and a chain': [7, [[0, 1], [1, 0], [1, 2], [2, 3], [3, 2], [3, 4], [4, 5], [5, 6]]], // prettier-ignore
};

describe('objects that only hold each other', () => {
  it.each(Object.keys(shapes))('are freed: %s', async (name) => {
    const [count, edges] = shapes[name] as (typeof shapes)[string];
    const made = await nodes(count);
    for (const [from, to] of edges) await made[from]?.link(made[to] as SharedProxy<Node>);
    expect(server.table.size).toBe(count);
    await release(...made);
    await until(() => server.table.size === 0);
    expect([...disposed.values()]).toEqual(Array.from({ length: count }, () => 1));
    expect(server.cycles.cost.freed).toBeGreaterThan(0);
  });

  it('stay for as long as an application holds one of them', async () => {
    const ring = await nodes(20);
    await each(ring, (node, i) => node.link(ring[(i + 1) % 20] as SharedProxy<Node>));
    await release(...ring.slice(1));
    await searched();
    expect(server.table.size).toBe(20);
    expect(await ring[0]?.names()).toEqual(['node 1']);
    await release(ring[0] as SharedProxy<Node>);
    await until(() => server.table.size === 0);
  });

  it('leave alone what else they hold', async () => {
    const [one, two, live, under, dead] = (await nodes(5)) as [
      SharedProxy<Node>,
      SharedProxy<Node>,
      SharedProxy<Node>,
      SharedProxy<Node>,
      SharedProxy<Node>,
    ];
    await one.link(two, live);
    await two.link(one, under, dead);
    await live.link(under);
    await under.link(live);
    await release(one, two, under, dead);
    await until(() => server.table.size === 2);
    expect(await live.names()).toEqual(['node 3']);
    const [again] = [(await live.child(0)) as SharedProxy<Node>];
    expect(await again.names()).toEqual(['node 2']);
    await release(live, again);
    await until(() => server.table.size === 0);
    expect([...disposed.values()]).toEqual([1, 1, 1, 1, 1]);
  });

  it('stay while a call runs on one of them', async () => {
    const [one, two] = (await nodes(2)) as [SharedProxy<Node>, SharedProxy<Node>];
    await one.link(two);
    await two.link(one);
    const call = two.waits();
    await release(one, two);
    await searched();
    expect(server.table.size).toBe(2);
    gate.resolve();
    await call;
    await until(() => server.table.size === 0);
  });

  it('are freed when what held them lets go in a call, and as part of none', async () => {
    const [holder, one, two] = (await nodes(3)) as [SharedProxy<Node>, SharedProxy<Node>, SharedProxy<Node>];
    await holder.link(one);
    await one.link(two);
    await two.link(one);
    await release(one, two);
    await searched();
    expect(server.table.size).toBe(3);
    await holder.cut();
    await until(() => server.table.size === 1);
    expect(disposedIn).toEqual([undefined, undefined]);
  });

  it('are all freed where onSharedDispose() of one throws', async () => {
    const ring = await Promise.all(['one', 'bad', 'three'].map((label) => manager.create(Node, label)));
    await each(ring, (node, i) => node.link(ring[(i + 1) % 3] as SharedProxy<Node>));
    await release(...ring);
    await until(() => server.table.size === 0);
    expect([...disposed.values()]).toEqual([1, 1, 1]);
  });

  it('reach each other no more once they are freed', async () => {
    const [one, two] = (await nodes(2)) as [SharedProxy<Node>, SharedProxy<Node>];
    await one.link(two);
    await two.link(one);
    const instance = [...server.table.objects()][0]?.instance as Node;
    await release(one, two);
    const lost: Promise<unknown>[] = [];
    // As a timer of the dead may do, as soon as they are.
    await until(() => {
      if (server.cycles.cost.freed === 0) return false;
      lost.push(failure(instance.to[0]?.name() as Promise<string>));
      return server.table.size === 0;
    });
    expect(await Promise.all(lost)).toEqual(lost.map(() => expect.objectContaining({ name: 'ObjectLostError' })));
    expect([...disposed.values()]).toEqual([1, 1]);
  });
});

/** Nodes of the server itself, for there are many: a call for each would take too long. */
class Graph {
  readonly objects: HostedObject[];
  readonly #root: Holder = { kind: 'server', since: 0, describe: () => ({}) };

  constructor(count: number) {
    const type = server.types.byTypeid.get('Node') as HostedObject['type'];
    this.objects = Array.from({ length: count }, (_, i) => server.table.host(type, new Node(`node ${i}`)));
  }

  at(index: number): HostedObject {
    return this.objects[index] as HostedObject;
  }

  link(from: number, to: number): void {
    const node = this.at(from).instance as Node;
    node.to.push(keep(server.proxies.proxy(this.at(to), undefined) as SharedProxy<Node>, node));
  }

  hold(index: number): void {
    server.table.hold(this.at(index), this.#root);
  }

  drop(index: number): void {
    server.table.drop(this.at(index), this.#root);
  }

  ring(): this {
    this.hold(0);
    for (let i = 0; i < this.objects.length; i++) this.link(i, (i + 1) % this.objects.length);
    return this;
  }

  /** Each node holds its two children and its parent. */
  tree(): this {
    this.hold(0);
    for (let i = 1; i < this.objects.length; i++) {
      this.link((i - 1) >> 1, i);
      this.link(i, (i - 1) >> 1);
    }
    return this;
  }
}

describe('a search among very many', () => {
  it('frees a ring of 100,000 objects, without a collector and without stopping calls', async () => {
    const other = await manager.create(Node, 'other');
    const ring = new Graph(100_000).ring();
    await searched();
    ring.drop(0);
    await until(() => server.cycles.running);
    let calls = 0;
    for (; server.table.size > 1; calls++) await other.name();
    expect(calls).toBeGreaterThan(20);
    expect(disposed.size).toBe(100_000);
    expect(Math.max(...disposed.values())).toBe(1);
  }, 60_000);

  it.each([0, 1, 7_000, 19_999])(
    'spares a ring of which node %i is held while it runs',
    async (index) => {
      const ring = new Graph(20_000).ring();
      await searched();
      ring.drop(0);
      await until(() => server.cycles.running);
      expect(server.cycles.cost.freed).toBe(0);
      ring.hold(index);
      await until(() => !server.cycles.running);
      expect([server.table.size, disposed.size]).toEqual([20_000, 0]);
      ring.drop(index);
      await until(() => server.table.size === 0);
      expect(disposed.size).toBe(20_000);
    },
    30_000,
  );

  it('takes a bounded share of the time where a live tree with parent links is used all the time', async () => {
    const tree = new Graph(10_000).tree();
    await searched();
    const { cycles } = server;
    const used = (): void => {
      for (let i = 0; i < 100; i++) {
        const index = 1 + Math.floor(Math.random() * 9_999);
        tree.hold(index);
        tree.drop(index);
      }
    };
    const begun = (searches: number): Promise<void> =>
      until(() => {
        used();
        return cycles.running && cycles.cost.searches >= searches;
      });
    // From the beginning of one search to that of the third one after it.
    await begun(0);
    const [before, began] = [{ ...cycles.cost }, performance.now()];
    await begun(before.searches + 3);
    const share = (cycles.cost.searching - before.searching) / (performance.now() - began);
    expect(share).toBeLessThan(0.15);
    expect(server.table.size).toBe(10_000);
  }, 30_000);

  it('does not look again at what lives, unless somebody lets go of it', async () => {
    const tree = new Graph(100).tree();
    await searched();
    tree.hold(50);
    tree.drop(50);
    await searched();
    const { searches } = server.cycles.cost;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.cycles.cost.searches).toBe(searches);
  });

  it('frees what it found to the last when the server closes, and begins no other', async () => {
    const ring = new Graph(5_000).ring();
    await searched();
    ring.drop(0);
    await until(() => server.cycles.cost.freed > 0);
    await server.close();
    expect([disposed.size, Math.max(...disposed.values()), server.table.size]).toEqual([5_000, 1, 0]);
    expect(server.cycles.running).toBe(false);
  });
});
