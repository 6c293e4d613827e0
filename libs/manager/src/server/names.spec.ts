import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineType } from '../definition/index.js';
import { MemoryMedium, type Transport } from '../transport/index.js';
import { claimValue, type KeepOption, type ServerIdentity } from '../protocol/index.js';
import { Names, type Elsewhere } from './names.js';
import { ObjectTable, type Holder, type HostedObject } from './object-table.js';

class Room {
  touch(): void {}
}
const RoomType = defineType(Room, { typeid: 'Room' });
const LEASE = 400;

/** What a server has that can own names. */
class Server {
  readonly identity: ServerIdentity;
  readonly transport: Transport;
  readonly table: ObjectTable;
  readonly names: Names;
  made = 0;

  constructor(medium: MemoryMedium, name: string, generation = 1) {
    this.identity = { name, generation, nonce: `n${generation}` };
    this.transport = medium.connect();
    this.table = new ObjectTable({
      letGo: (object) => this.names.letGo(object),
      disposeFailed: () => undefined,
    });
    const { claims } = this.transport;
    this.names = new Names({ table: this.table, claims, lease: LEASE, identity: () => this.identity });
  }

  /** Opens, and says that it lives. */
  async start(): Promise<this> {
    await this.transport.open();
    await this.lives(60_000);
    return this;
  }

  async lives(ttl: number): Promise<void> {
    const { claims } = this.transport;
    const key = { kind: 'server', tag: this.identity.name } as const;
    const current = await claims.read(key);
    await claims.compareAndSet(key, current?.value ?? null, claimValue(this.identity), ttl);
  }

  get(
    name: string,
    options: { keep?: KeepOption; make?: () => unknown; signal?: AbortSignal } = {},
  ): Promise<HostedObject | Elsewhere> {
    const make = options.make ?? ((): unknown => (this.made++, new Room()));
    const signal = options.signal ?? new AbortController().signal;
    return this.names.get(RoomType, name, options.keep ?? 'always', make, signal, (object) => object.enter());
  }

  /** As a call ends that got the object: it was granted to a session, which holds it from now on. */
  async held(name: string, keep: KeepOption): Promise<{ object: HostedObject; holder: Holder }> {
    const object = (await this.get(name, { keep })) as HostedObject;
    const holder: Holder = { kind: 'session', since: 0, describe: () => ({}) };
    this.table.hold(object, holder);
    this.table.leave(object);
    return { object, holder };
  }
}

let medium: MemoryMedium;
let one: Server;
let two: Server;

beforeEach(async () => {
  medium = new MemoryMedium();
  [one, two] = await Promise.all([new Server(medium, 'one').start(), new Server(medium, 'two').start()]);
});
afterEach(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  await Promise.all([one.transport.close(), two.transport.close()]);
});

const isObject = (found: HostedObject | Elsewhere): found is HostedObject => 'instance' in found;
const claimOf = async (name: string): Promise<string | undefined> =>
  (await one.transport.claims.read({ kind: 'name', tag: `Room:${name}` }))?.value;
/** Puts the claim of somebody else in the place of whatever claim there is. */
const stands = async (name: string, identity: ServerIdentity): Promise<void> => {
  const key = { kind: 'name', tag: `Room:${name}` } as const;
  const { claims } = two.transport;
  await claims.compareAndSet(key, (await claims.read(key))?.value ?? null, claimValue(identity), 60_000);
};
const renewed = async ({ names }: Server): Promise<{ lost: HostedObject[]; settled: boolean }> => {
  const lost: HostedObject[] = [];
  const settled = await names.renew((object) => lost.push(object));
  return { lost, settled };
};
const turns = async (count = 10): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a name that many ask for at once', () => {
  it('gets one object from one constructor, at one server, and the others are sent there', async () => {
    const more = await Promise.all(['three', 'four', 'five'].map((name) => new Server(medium, name).start()));
    const servers = [one, two, ...more];
    const found = await Promise.all(servers.flatMap((server) => [server.get('lobby'), server.get('lobby')]));
    expect(servers.reduce((sum, { made }) => sum + made, 0)).toBe(1);
    const owner = servers.find(({ made }) => made === 1) as Server;
    const objects = new Set(found.filter(isObject));
    expect(objects.size).toBe(1);
    const elsewhere = found.filter((answer) => !isObject(answer));
    expect(elsewhere).toHaveLength(2 * servers.length - 2);
    for (const answer of elsewhere) expect(answer).toEqual({ server: owner.identity.name, generation: 1 });
  });

  it('is claimed before the constructor runs', async () => {
    let seen: string | undefined;
    await one.get('lobby', { make: async () => ((seen = await claimOf('lobby')), new Room()) });
    expect(seen).toBe(claimValue(one.identity));
  });

  it('fails for all who waited where the constructor throws, and may be made by the next, anywhere', async () => {
    let runs = 0;
    const make = async (): Promise<never> => {
      runs++;
      await turns();
      throw new Error('no room');
    };
    const failed = await Promise.allSettled([
      one.get('lobby', { make }),
      one.get('lobby', { make }),
      one.get('lobby', { make }),
    ]);
    expect(failed.map((result) => (result.status === 'rejected' ? String(result.reason) : 'made'))).toEqual([
      'Error: no room',
      'Error: no room',
      'Error: no room',
    ]);
    expect(runs).toBe(1);
    expect(await claimOf('lobby')).toBeUndefined();
    expect(isObject(await two.get('lobby'))).toBe(true);
    expect(one.table.size).toBe(0);
  });

  it('is made for those who still wait where the first who asked has left', async () => {
    await one.transport.claims.compareAndSet({ kind: 'name', tag: 'Room:lobby' }, null, '9:n9:gone', 60_000);
    const leaves = new AbortController();
    const first = one.get('lobby', { signal: leaves.signal });
    const second = one.get('lobby');
    await turns();
    leaves.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    expect(isObject(await second)).toBe(true);
    expect(one.made).toBe(1);
  });

  it('is refused to an instance that has another name already', async () => {
    const room = new Room();
    await one.get('lobby', { make: () => room });
    await expect(one.get('hall', { make: () => room })).rejects.toThrow(/named "lobby" already/);
    expect(await claimOf('hall')).toBeUndefined();
  });

  it('is not hosted where the factory gives no object', async () => {
    await expect(one.get('lobby', { make: () => 5 })).rejects.toThrow(/must give an object/);
    expect(await claimOf('lobby')).toBeUndefined();
  });

  it('is another one than the same text split otherwise into type and name', async () => {
    class Other extends Room {}
    const left = defineType(Other, { typeid: 'a:b' });
    const right = defineType(Other, { typeid: 'a' });
    const signal = new AbortController().signal;
    const pin = (): void => undefined;
    await one.names.get(left, 'c', 'always', () => new Other(), signal, pin);
    expect(isObject(await two.names.get(right, 'b:c', 'always', () => new Other(), signal, pin))).toBe(true);
  });
});

describe('a name whose owner is dead', () => {
  it('is taken over at once from an older generation of the same server', async () => {
    await one.get('lobby');
    const successor = await new Server(medium, 'one', 2).start();
    expect(isObject(await successor.get('lobby'))).toBe(true);
    expect(await claimOf('lobby')).toBe(claimValue(successor.identity));
  });

  it('is taken over by others once a newer generation has the name of the server', async () => {
    await one.get('lobby');
    await new Server(medium, 'one', 2).start();
    expect(isObject(await two.get('lobby'))).toBe(true);
  });

  it('is taken over one lease after the lease of its owner was seen to be gone, and not before', async () => {
    await one.get('lobby');
    await one.transport.claims.compareAndSet({ kind: 'server', tag: 'one' }, claimValue(one.identity), null, 0);
    const since = performance.now();
    expect(isObject(await two.get('lobby'))).toBe(true);
    expect(performance.now() - since).toBeGreaterThan(LEASE - 2);
  });

  it('is not taken over sooner by a wall clock that is set, nor because the medium has the claim of an older generation', async () => {
    await (await new Server(medium, 'one', 2).start()).get('lobby');
    const at = { kind: 'server', tag: 'one' } as const;
    const { claims } = one.transport;
    const newest = (await claims.read(at))?.value as string;
    await claims.compareAndSet(at, newest, claimValue(one.identity), 60_000);
    const [since, now] = [performance.now(), Date.now];
    const asked = two.get('lobby');
    await turns();
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 1_000_000);
    expect(isObject(await asked)).toBe(true);
    expect(performance.now() - since).toBeGreaterThan(LEASE - 2);
  });

  it('is left to an owner that asserts itself again in time', async () => {
    await one.get('lobby');
    await one.transport.claims.compareAndSet({ kind: 'server', tag: 'one' }, claimValue(one.identity), null, 0);
    const asked = two.get('lobby');
    await turns();
    await one.lives(60_000);
    expect(await asked).toEqual({ server: 'one', generation: 1 });
  });

  it('is taken over where the claim cannot be read', async () => {
    await one.transport.claims.compareAndSet({ kind: 'name', tag: 'Room:lobby' }, null, 'rubbish', 60_000);
    expect(isObject(await one.get('lobby'))).toBe(true);
  });
});

describe('how long a name keeps its object', () => {
  it('always: until it is unlinked', async () => {
    const { object, holder } = await one.held('lobby', 'always');
    one.table.drop(object, holder);
    expect(object.freed).toBe(false);
    expect(await one.names.unlink('Room', 'lobby')).toBe(true);
    expect(object.freed).toBe(true);
    expect(await claimOf('lobby')).toBeUndefined();
  });

  it('referenced: while somebody else holds it', async () => {
    const { object, holder } = await one.held('lobby', 'referenced');
    expect(object.freed).toBe(false);
    one.table.drop(object, holder);
    expect(object.freed).toBe(true);
    await turns();
    expect(await claimOf('lobby')).toBeUndefined();
  });

  it('referenced: a call under way counts', async () => {
    const { object, holder } = await one.held('lobby', 'referenced');
    object.enter();
    one.table.drop(object, holder);
    expect(object.freed).toBe(false);
    one.table.leave(object);
    expect(object.freed).toBe(true);
  });

  it('idle: so long after the last one let go, counted from the last time', async () => {
    const { object, holder } = await one.held('lobby', { idle: 1000 });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    one.table.drop(object, holder);
    jest.advanceTimersByTime(900);
    one.table.hold(object, holder);
    one.table.drop(object, holder);
    jest.advanceTimersByTime(900);
    expect(object.freed).toBe(false);
    jest.advanceTimersByTime(100);
    expect(object.freed).toBe(true);
  });

  it('idle: not while somebody came back', async () => {
    const { object, holder } = await one.held('lobby', { idle: 1000 });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    one.table.drop(object, holder);
    jest.advanceTimersByTime(500);
    one.table.hold(object, holder);
    jest.advanceTimersByTime(5000);
    expect(object.freed).toBe(false);
  });

  it('is what the first who asked said', async () => {
    const { object, holder } = await one.held('lobby', 'referenced');
    await one.held('lobby', 'always').then((again) => one.table.drop(again.object, again.holder));
    one.table.drop(object, holder);
    expect(object.freed).toBe(true);
  });
});

describe('unlinking', () => {
  it('leaves the object to its other holders, without a name, and the next who asks gets a new one', async () => {
    const { object } = await one.held('lobby', 'always');
    await one.names.unlink('Room', 'lobby');
    expect([object.freed, object.name]).toEqual([false, undefined]);
    const next = (await one.get('lobby')) as HostedObject;
    expect(next).not.toBe(object);
    expect(one.names.find('Room', 'lobby')).toBe(next);
  });

  it('says false where there is no such name', async () => {
    expect(await one.names.unlink('Room', 'nowhere')).toBe(false);
  });

  it('says where the name is instead', async () => {
    await two.get('lobby');
    expect(await one.names.unlink('Room', 'lobby')).toEqual({ server: 'two', generation: 1 });
  });

  it('says where the name is, also while this server still asks for it', async () => {
    await two.get('lobby');
    const asking = one.get('lobby');
    expect(await one.names.unlink('Room', 'lobby')).toEqual({ server: 'two', generation: 1 });
    await asking;
  });

  it('waits for the constructor, and takes the name away from what it made', async () => {
    let finish: (room: Room) => void = () => undefined;
    const got = one.get('lobby', { make: () => new Promise((resolve) => (finish = resolve)) });
    await turns();
    const unlinked = one.names.unlink('Room', 'lobby');
    finish(new Room());
    expect(await unlinked).toBe(true);
    const object = (await got) as HostedObject;
    // Whoever asked has a live object: the one that was unlinked, or a new one.
    expect(object.freed).toBe(false);
  });

  it('says false where the constructor that it waited for throws', async () => {
    let fail: (error: Error) => void = () => undefined;
    const got = one.get('lobby', { make: () => new Promise((_, reject) => (fail = reject)) });
    await turns();
    const unlinked = one.names.unlink('Room', 'lobby');
    fail(new Error('no room'));
    await expect(got).rejects.toThrow('no room');
    expect(await unlinked).toBe(false);
  });
});

describe('asking again while the name is given back', () => {
  it('waits for that, and makes a new object under a claim of its own', async () => {
    const { object, holder } = await one.held('lobby', 'referenced');
    one.table.drop(object, holder);
    const again = (await one.get('lobby')) as HostedObject;
    expect(again.freed).toBe(false);
    expect(again).not.toBe(object);
    expect(await claimOf('lobby')).toBe(claimValue(one.identity));
  });

  it('never gives a dead object, however getting and letting go fall together', async () => {
    for (let round = 0; round < 300; round++) {
      const got = (await Promise.all([one.held('lobby', 'referenced'), one.held('lobby', 'referenced')])) as {
        object: HostedObject;
        holder: Holder;
      }[];
      expect(got.every(({ object }) => !object.freed)).toBe(true);
      const asking = one.get('lobby', { keep: 'referenced' });
      if (round % 3 === 0) await Promise.resolve();
      for (const { object, holder } of got) one.table.drop(object, holder);
      const object = (await asking) as HostedObject;
      expect(object.freed).toBe(false);
      one.table.leave(object);
      if (round % 2 === 0) await turns(1);
    }
    await turns();
    expect(one.table.size).toBe(0);
    expect(await claimOf('lobby')).toBeUndefined();
  });
});

describe('the claims of a server', () => {
  it('are taken again where the medium lost them', async () => {
    await one.get('lobby');
    await one.transport.claims.compareAndSet({ kind: 'name', tag: 'Room:lobby' }, claimValue(one.identity), null, 0);
    expect(await renewed(one)).toEqual({ lost: [], settled: true });
    expect(await claimOf('lobby')).toBe(claimValue(one.identity));
  });

  it('that another server took meanwhile are given up, and it is said whose objects lost their names', async () => {
    const object = (await one.get('lobby')) as HostedObject;
    const kept = (await one.get('hall')) as HostedObject;
    await stands('lobby', two.identity);
    expect(await renewed(one)).toEqual({ lost: [object], settled: true });
    expect(one.names.find('Room', 'lobby')).toBeUndefined();
    expect(one.names.find('Room', 'hall')).toBe(kept);
    expect(await one.get('lobby')).toEqual({ server: 'two', generation: 1 });
  });

  it('are given up and told of one by one, also where the medium goes away in between', async () => {
    const [lobby, hall] = [(await one.get('lobby')) as HostedObject, (await one.get('hall')) as HostedObject];
    await stands('lobby', two.identity);
    await stands('hall', two.identity);
    const { claims } = one.transport;
    const compareAndSet = claims.compareAndSet.bind(claims);
    let asked = 0;
    jest.spyOn(claims, 'compareAndSet').mockImplementation((...args) => {
      if (++asked === 2) return Promise.reject(new Error('The medium went away.'));
      return compareAndSet(...args);
    });
    const lost: HostedObject[] = [];
    await expect(one.names.renew((object) => lost.push(object))).rejects.toThrow('went away');
    expect(lost).toEqual([lobby]);
    expect(await renewed(one)).toEqual({ lost: [hall], settled: true });
  });

  it('are taken back from a generation of its own name that is over, as a medium that lost the last minutes has them', async () => {
    const third = new Server(medium, 'one', 3);
    await third.start();
    await third.get('lobby');
    await stands('lobby', one.identity);
    expect(await renewed(third)).toEqual({ lost: [], settled: true });
    expect(await claimOf('lobby')).toBe(claimValue(third.identity));
    await third.transport.close();
  });

  it('are taken back from another server that is dead, once it had a lease to show that it lives', async () => {
    const object = (await one.get('lobby')) as HostedObject;
    await stands('lobby', { name: 'dead', generation: 1, nonce: 'n1' });
    // Of what lies between two looks a quarter of the lease counts.
    for (let looks = 0; looks < 4; looks++) {
      expect(await renewed(one)).toEqual({ lost: [], settled: false });
      await new Promise((resolve) => setTimeout(resolve, LEASE / 3));
    }
    expect(await renewed(one)).toEqual({ lost: [], settled: true });
    expect(await claimOf('lobby')).toBe(claimValue(one.identity));
    expect(one.names.find('Room', 'lobby')).toBe(object);
  });

  it('that another server took while the object was being made lead there: what was made has no name', async () => {
    let made!: (room: Room) => void;
    const room = new Promise<Room>((resolve) => (made = resolve));
    const entered = jest.fn();
    const asked = one.get('lobby', { make: () => (entered(), room) });
    while (entered.mock.calls.length === 0) await turns(1);
    await stands('lobby', two.identity);
    expect(await renewed(one)).toEqual({ lost: [], settled: true });
    made(new Room());
    expect(await asked).toEqual({ server: 'two', generation: 1 });
    expect(one.table.size).toBe(0);
  });

  it('are all given back when it closes, and no name is taken any more', async () => {
    await Promise.all([one.get('lobby'), one.get('hall')]);
    await one.names.close();
    expect([await claimOf('lobby'), await claimOf('hall')]).toEqual([undefined, undefined]);
    await expect(one.get('lobby')).rejects.toMatchObject({ code: 'ERR_MANAGER_SERVER_CLOSING', fate: 'not-executed' });
    expect(isObject(await two.get('lobby'))).toBe(true);
  });
});
