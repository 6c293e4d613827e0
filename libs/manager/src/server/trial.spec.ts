import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defineType } from '../definition/index.js';
import { ObjectTable, type Holder, type HostedObject, type Hosting, type Kept } from './object-table.js';
import { Trial } from './trial.js';

class Thing {
  disposed = 0;
  onSharedDispose(): void {
    this.disposed++;
  }
}

const TYPES = [defineType(Thing, { typeid: 'Thing' }), defineType(Thing, { typeid: 'View', exposed: [] })] as const;

class Root implements Holder {
  readonly kind = 'server';
  readonly since = 0;
  constructor(readonly object: HostedObject) {}
  describe(): Record<string, unknown> {
    return {};
  }
}

/** Held by code of the server at first, as a proxy is until it is kept. */
class Edge implements Holder, Kept {
  readonly kind = 'object';
  readonly since = 0;
  owner: Hosting | undefined;
  over = false;
  constructor(
    readonly table: ObjectTable,
    readonly object: HostedObject,
    owner: Hosting,
    atOnce: boolean,
  ) {
    if (atOnce) {
      this.owner = owner;
      owner.keep(this);
    }
    table.hold(object, this);
    if (!atOnce) this.move(owner);
  }
  move(owner: Hosting): void {
    this.table.transfer(this.object, this, () => {
      this.owner?.letGo(this);
      this.owner = owner;
      owner.keep(this);
    });
  }
  end(): void {
    this.table.drop(this.object, this);
    this.onGone();
  }
  onGone(): void {
    this.over = true;
    this.owner?.letGo(this);
  }
  describe(): Record<string, unknown> {
    return {};
  }
}

/** A table, and beside it the plain truth about who can be reached. */
class World {
  candidates = new Set<HostedObject>();
  readonly table = new ObjectTable({
    unrooted: (object) => this.candidates.add(object),
    freed: (object) => this.candidates.delete(object),
    disposeFailed: () => undefined,
  });
  readonly objects: HostedObject[] = [];
  roots: Root[] = [];
  edges: Edge[] = [];
  calls: HostedObject[] = [];
  trial: Trial | undefined;
  search: Generator<void> | undefined;
  #epoch = 0;

  add(): HostedObject {
    const object = this.table.host(TYPES[0], new Thing());
    this.objects.push(object);
    return object;
  }

  /** The instance under its other typeid. */
  view(of: HostedObject): HostedObject {
    const object = this.table.host(TYPES[1], of.instance);
    if (!this.objects.includes(object)) this.objects.push(object);
    return object;
  }

  root(object: HostedObject): Root {
    const root = new Root(object);
    this.roots.push(root);
    this.table.hold(object, root);
    return root;
  }

  unroot(root: Root): void {
    this.roots.splice(this.roots.indexOf(root), 1);
    this.table.drop(root.object, root);
  }

  edge(from: HostedObject, to: HostedObject, atOnce = false): Edge {
    const edge = new Edge(this.table, to, from.hosting, atOnce);
    this.edges.push(edge);
    return edge;
  }

  step(steps: number): void {
    for (let i = 0; i < steps; i++) {
      if (!this.search) {
        if (this.candidates.size === 0) return;
        const { candidates } = this;
        this.candidates = new Set();
        this.trial = new Trial(++this.#epoch, 1);
        this.search = this.#steps(this.trial, candidates);
      }
      if (this.search.next().done) this.search = undefined;
    }
  }

  *#steps(trial: Trial, candidates: ReadonlySet<HostedObject>): Generator<void> {
    const dead = yield* trial.run(candidates);
    this.table.condemn(dead);
    this.check();
    for (const object of trial.changed) this.candidates.add(object);
    yield;
    yield* this.table.bury(dead);
  }

  settle(): void {
    let steps = 0;
    while (this.search || this.candidates.size > 0) {
      this.step(1);
      if (++steps > 1e6) throw new Error('The searches do not come to an end.');
    }
  }

  alive(): HostedObject[] {
    return this.objects.filter(({ freed }) => !freed);
  }

  /** Asks nothing of the table but what is freed, and whose objects an instance has. */
  reachable(): ReadonlySet<object> {
    const held = [...this.roots.map(({ object }) => object), ...this.calls];
    const reached = new Set<object>();
    for (let next = held.pop(); next; next = held.pop()) {
      if (reached.has(next.instance)) continue;
      reached.add(next.instance);
      for (const { owner, object, over } of this.edges) {
        if (!over && owner?.instance === next.instance) held.push(object);
      }
    }
    return reached;
  }

  check(): void {
    const reached = this.reachable();
    for (const object of this.objects) {
      if (!object.freed || !reached.has(object.instance)) continue;
      const held = [...this.roots, ...this.edges.filter(({ over }) => !over)].some((by) => by.object === object);
      if (held || this.calls.includes(object)) throw new Error(`#${object.id} was freed and can be reached.`);
    }
  }

  /** Nobody does anything any more: exactly what can be reached is left. */
  checkEnd(): void {
    this.settle();
    this.check();
    const reached = this.reachable();
    for (const { instance } of this.objects) {
      expect((instance as Thing).disposed).toBe(reached.has(instance) ? 0 : 1);
    }
    const left = this.alive();
    expect(this.table.size).toBe(left.length);
    for (const object of left) expect(reached.has(object.instance)).toBe(true);
  }
}

type Deed = readonly [kind: number, a: number, b: number, steps: number];

function act(world: World, [kind, a, b, steps]: Deed): void {
  const alive = world.alive();
  const one = alive[a % alive.length];
  const other = alive[b % alive.length];
  // What a dead instance was condemned with is nobody's to change.
  const edges = world.edges.filter(({ over, object, owner }) => !over && !object.freed && !owner?.objects[0]?.freed);
  const edge = edges[a % edges.length];
  const root = world.roots[b % world.roots.length];
  const call = world.calls[a % world.calls.length];
  switch (kind) {
    case 0: {
      const object = world.add();
      if (one && b % 2 === 0) world.edge(one, object);
      else world.root(object);
      break;
    }
    case 1:
    case 2:
      if (one && other) world.edge(one, other, kind === 1);
      break;
    case 3:
      edge?.end();
      break;
    case 4:
      if (other) edge?.move(other.hosting);
      break;
    case 5:
      if (one) world.root(one);
      break;
    case 6:
    case 7:
      if (root) world.unroot(root);
      break;
    case 8:
      if (one) {
        one.enter();
        world.calls.push(one);
      }
      break;
    case 9:
      if (call) {
        world.calls.splice(world.calls.indexOf(call), 1);
        world.table.leave(call);
      }
      break;
    case 10:
      if (one && other) world.edge(other, world.view(one));
      break;
    case 11:
      if (one) world.root(world.view(one));
      break;
    default:
      world.step(steps);
  }
  world.check();
}

const deed: fc.Arbitrary<Deed> = fc.tuple(
  fc.integer({ min: 0, max: 18 }),
  fc.nat({ max: 1000 }),
  fc.nat({ max: 1000 }),
  fc.integer({ min: 1, max: 25 }),
);

describe('a search for dead cycles', () => {
  it('frees what cannot be reached, once, and nothing else, whatever changes while it runs', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 120, size: 'max' }), (deeds) => {
        const world = new World();
        for (const one of deeds) act(world, one);
        world.checkEnd();
      }),
      { numRuns: 1500 },
    );
  });

  it('frees the whole of a random graph when its last root goes', () => {
    const edges = fc.array(fc.tuple(fc.nat({ max: 29 }), fc.nat({ max: 29 })), { maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(edges, fc.uniqueArray(fc.nat({ max: 29 })), (pairs, rooted) => {
        const world = new World();
        const things = Array.from({ length: 30 }, () => world.add());
        const all = things.map((thing) => world.root(thing));
        for (const [from, to] of pairs) world.edge(things[from] as HostedObject, things[to] as HostedObject);
        for (const root of all) if (!rooted.includes(all.indexOf(root))) world.unroot(root);
        world.checkEnd();
        for (const root of [...world.roots]) world.unroot(root);
        world.checkEnd();
        expect(world.table.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a verdict', () => {
  it.each<[string, (world: World, one: HostedObject, other: HostedObject, edge: Edge) => void]>([
    ['gets a holder', (world, one) => void world.root(one)],
    ['is called', (world, _one, other) => void (other.enter(), world.calls.push(other))],
    ['is handed out under another id', (world, one) => void world.root(world.view(one))],
    ['is kept by who lives', (world, one) => void world.edge(rooted(world), one)],
    ['goes over from one of them to who lives', (world, _one, _other, edge) => edge.move(rooted(world).hosting)],
  ])('is dropped where an object under search %s, at whatever moment', (_what, change) => {
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      for (let steps = 1, before = true; before; steps++) {
        const world = new World();
        const things = [world.add(), world.add()];
        const [one, other] = [things[first], things[second]] as [HostedObject, HostedObject];
        const edge = world.edge(one, other);
        world.edge(other, one);
        world.edge(one, one);
        world.edge(other, other);
        world.candidates = new Set(things);
        world.step(steps);
        before = !one.freed;
        if (before) change(world, one, other, edge);
        world.settle();
        expect(before && (one.freed || other.freed)).toBe(false);
        for (const root of [...world.roots]) world.unroot(root);
        for (const call of world.calls.splice(0)) world.table.leave(call);
        world.checkEnd();
        expect(world.table.size).toBe(0);
      }
    }
  });

  it('sees every id of an instance, though one goes while their holders are read', () => {
    for (let steps = 1; steps < 20; steps++) {
      const world = new World();
      const [one, other] = [world.add(), world.add()];
      const edges = [world.edge(other, one), world.edge(one, one)];
      world.edge(one, other);
      world.edge(middle(world), world.view(one));
      world.step(steps);
      for (const edge of edges) edge.end();
      world.checkEnd();
      expect(other.freed).toBe(false);
    }
  });

  it('has nothing of what was left aside when its candidate was found to live', () => {
    const world = new World();
    const [dead, candidate, held] = [world.add(), world.add(), world.add()];
    world.edge(dead, dead);
    // Two ways back, of which the second one ends first.
    world.edge(held, candidate);
    world.edge(middle(world), candidate);
    world.edge(middle(world), held);
    world.candidates = new Set([dead, candidate]);
    world.settle();
    world.checkEnd();
    expect([dead.freed, candidate.freed, held.freed]).toEqual([true, false, false]);
  });

  it('is given up where things change all the time, and what is dead is freed later', () => {
    const world = new World();
    const pairs = Array.from({ length: 60 }, () => {
      const [one, other] = [world.add(), world.add()];
      world.edge(one, other);
      world.edge(other, one);
      return one;
    });
    world.step(1);
    const first = world.trial;
    for (let steps = 0; world.trial === first && world.search; steps++) {
      const one = pairs[Math.floor(steps / 100) % 30] as HostedObject;
      one.enter();
      world.table.leave(one);
      world.step(1);
    }
    expect(world.table.size).toBe(120);
    world.checkEnd();
    expect(world.table.size).toBe(0);
  });

  it('is made up for where the dead hold each other once more meanwhile', () => {
    for (let steps = 1; steps < 40; steps++) {
      const world = new World();
      const [one, other] = [world.add(), world.add()];
      world.edge(one, other);
      world.edge(other, one);
      world.step(steps);
      if (!one.freed) world.edge(other, one, true);
      world.checkEnd();
      expect(world.table.size).toBe(0);
    }
  });

  it('takes what the dead hold along in the same search', () => {
    const world = new World();
    const things = Array.from({ length: 300 }, () => world.add());
    // A chain of pairs, each holding the next one.
    for (let i = 0; i < 300; i += 2) {
      world.edge(things[i] as HostedObject, things[i + 1] as HostedObject);
      world.edge(things[i + 1] as HostedObject, things[i] as HostedObject);
      if (i > 0) world.edge(things[i - 2] as HostedObject, things[i] as HostedObject);
    }
    world.candidates = new Set([things[0] as HostedObject]);
    world.step(1);
    while (world.search) world.step(1);
    expect(world.table.size).toBe(0);
    expect(world.trial?.size).toBe(300);
  });

  it('is not needed where a holder lives: the rest of the graph is not looked at', () => {
    const world = new World();
    const parent = rooted(world);
    const children = Array.from({ length: 1000 }, () => world.add());
    for (const child of children) {
      world.edge(parent, child);
      world.edge(child, parent);
    }
    world.candidates = new Set([children[500] as HostedObject]);
    world.step(1);
    while (world.search) world.step(1);
    expect(world.trial?.size).toBeLessThan(5);
    expect(world.table.size).toBe(1001);
  });
});

function rooted(world: World): HostedObject {
  const object = world.add();
  world.root(object);
  return object;
}

/** One that lives, and whom no root holds itself. */
function middle(world: World): HostedObject {
  const object = world.add();
  world.edge(rooted(world), object);
  return object;
}
