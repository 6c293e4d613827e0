import { beforeEach, describe, expect, it } from '@jest/globals';
import { defineType } from '../definition/index.js';
import { ObjectTable, type Holder, type HostedObject } from './object-table.js';

class Thing {
  disposed = 0;
  touch(): void {}
  onSharedDispose(): void | Promise<void> {
    this.disposed++;
  }
}

const ThingType = defineType(Thing, { typeid: 'Thing' });
const ViewType = defineType(Thing, { typeid: 'View', exposed: [] });

function holder(gone: () => void = () => undefined): Holder {
  return { kind: 'server', since: 0, describe: () => ({}), onGone: gone };
}

let events: string[];
let table: ObjectTable;

beforeEach(() => {
  events = [];
  table = new ObjectTable({
    letGo: (object) => events.push(`let go #${object.id}`),
    freed: (object) => events.push(`freed #${object.id}`),
    disposeFailed: (object, error) => events.push(`failed #${object.id}: ${String(error)}`),
  });
});

function hosted(thing: object = new Thing(), by: Holder = holder()): { object: HostedObject; by: Holder } {
  const object = table.host(ThingType, thing);
  table.hold(object, by);
  return { object, by };
}

describe('the identity of an object', () => {
  it('is the instance and the typeid together', () => {
    const thing = new Thing();
    const { object } = hosted(thing);
    expect(table.host(ThingType, thing)).toBe(object);
    const view = table.host(ViewType, thing);
    expect(view).not.toBe(object);
    expect(view.id).not.toBe(object.id);
    expect(table.size).toBe(2);
  });

  it('is never given again: an instance that comes back after it was freed is hosted anew', () => {
    const thing = new Thing();
    const { object, by } = hosted(thing);
    table.drop(object, by);
    const again = table.host(ThingType, thing);
    expect(again.id).toBeGreaterThan(object.id);
    expect(table.find(object.id)).toBeUndefined();
    expect(table.find(again.id)).toBe(again);
  });
});

describe('an object', () => {
  it('lives while anybody holds it, and is freed by the last who lets go', () => {
    const [one, two] = [holder(), holder()];
    const { object } = hosted(new Thing(), one);
    table.hold(object, two);
    table.drop(object, one);
    expect(table.find(object.id)).toBe(object);
    table.drop(object, one);
    expect(events).toEqual(['let go #1']);
    table.drop(object, two);
    expect(table.find(object.id)).toBeUndefined();
    expect(events).toEqual(['let go #1', 'freed #1']);
  });

  it('is held by each call that runs on it', () => {
    const { object, by } = hosted();
    object.enter();
    object.enter();
    table.drop(object, by);
    table.leave(object);
    expect(object.freed).toBe(false);
    table.leave(object);
    expect(object.freed).toBe(true);
  });

  it('that nobody held yet is freed when it is settled', () => {
    const object = table.host(ThingType, new Thing());
    table.settle(object);
    table.settle(object);
    expect(events).toEqual(['freed #1']);
  });

  it('is freed whoever holds it when it is evicted, and its holders are told once', () => {
    let told = 0;
    const { object, by } = hosted(
      new Thing(),
      holder(() => told++),
    );
    object.enter();
    table.evict(object);
    table.evict(object);
    table.drop(object, by);
    table.leave(object);
    expect([told, table.size]).toEqual([1, 0]);
    expect(events).toEqual(['freed #1']);
    expect((object.instance as Thing).disposed).toBe(1);
  });

  it('may be taken up again by who hears that it was let go', () => {
    const rescue = holder();
    const rescuing = new ObjectTable({
      letGo: (object) => {
        if (object.calls === 0) rescuing.hold(object, rescue);
      },
      disposeFailed: () => undefined,
    });
    const object = rescuing.host(ThingType, new Thing());
    const [one, two] = [holder(), holder()];
    rescuing.hold(object, one);
    rescuing.hold(object, two);
    rescuing.drop(object, one);
    rescuing.drop(object, two);
    expect(object.freed).toBe(false);
  });
});

describe('condemned objects', () => {
  it('are lost to everybody at once, and go step by step', () => {
    let told = 0;
    const things = Array.from({ length: 40 }, () => hosted(new Thing(), holder(() => told++)).object); // prettier-ignore
    table.condemn(things);
    expect(things.every(({ freed, id }) => freed && !table.find(id))).toBe(true);
    expect([told, table.size]).toEqual([0, 40]);
    const burial = table.bury(things);
    burial.next();
    expect(told).toBeLessThan(40);
    while (!burial.next().done);
    expect([told, table.size]).toEqual([40, 0]);
    expect(things.map(({ instance }) => (instance as Thing).disposed)).toEqual(things.map(() => 1));
  });

  it('are hosted anew where their instances come back before they are gone', () => {
    const { object } = hosted();
    table.condemn([object]);
    const again = table.host(ThingType, object.instance);
    expect(again.id).not.toBe(object.id);
    table.hold(again, holder());
    for (const _ of table.bury([object]));
    expect(table.host(ThingType, object.instance)).toBe(again);
    expect(table.size).toBe(1);
  });
});

describe('onSharedDispose()', () => {
  it('runs once, when the last id of the instance is freed', () => {
    const thing = new Thing();
    const { object, by } = hosted(thing);
    const view = table.host(ViewType, thing);
    table.hold(view, by);
    table.drop(object, by);
    expect(thing.disposed).toBe(0);
    table.drop(view, by);
    expect(thing.disposed).toBe(1);
  });

  it('may throw or reject: it is reported, and the object is gone all the same', async () => {
    class Bad extends Thing {
      override onSharedDispose(): void {
        throw new Error('thrown');
      }
    }
    class Late extends Thing {
      override async onSharedDispose(): Promise<void> {
        throw new Error('rejected');
      }
    }
    for (const thing of [new Bad(), new Late()]) {
      const { object, by } = hosted(thing);
      table.drop(object, by);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['freed #1', 'failed #1: Error: thrown', 'freed #2', 'failed #2: Error: rejected']);
    expect(table.size).toBe(0);
  });

  it('may host the instance anew', () => {
    const by = holder();
    class Phoenix extends Thing {
      override onSharedDispose(): void {
        if (this.disposed++ === 0) table.hold(table.host(ThingType, this), by);
      }
    }
    const phoenix = new Phoenix();
    const { object, by: first } = hosted(phoenix);
    table.drop(object, first);
    expect(table.size).toBe(1);
    const again = [...table.objects()][0] as HostedObject;
    expect(again.id).not.toBe(object.id);
    table.drop(again, by);
    expect([table.size, phoenix.disposed]).toEqual([0, 2]);
  });
});
