import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Manager } from '../client/index.js';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import { createTestManager, expectNoLeakedReferences, type TestManager } from './index.js';

@SharedType()
class Thing {
  constructor(readonly label = 'thing') {}
  name(): string {
    return this.label;
  }
  toCopy(): string {
    return this.label;
  }
}

@SharedType()
class Box {
  #items: SharedProxy<Thing>[] = [];
  put(item: SharedProxy<Thing>): void {
    this.#items.push(keep(item));
  }
  make(label: string): Thing {
    return new Thing(label);
  }
}

let test: TestManager;
let manager: Manager;

beforeEach(async () => {
  test = await createTestManager({ types: [Thing, Box], application: 'web', lease: 300 });
  ({ manager } = test);
});
afterEach(() => test.close());

const soon = { within: 30 };

async function leaks(by = manager): Promise<string> {
  try {
    await expectNoLeakedReferences(by, soon);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('expectNoLeakedReferences()', () => {
  it('finds nothing where nothing was made, and where everything was released', async () => {
    await expectNoLeakedReferences(manager);
    const thing = await manager.create(Thing);
    const second = manager.dup(thing);
    await manager.release(thing);
    await second[Symbol.asyncDispose]();
    await expectNoLeakedReferences(manager, { within: 0 });
  });

  it('names what was not released: object, age, holder and line', async () => {
    const thing = await manager.create(Thing, 'left');
    expect(await leaks()).toMatch(
      /^1 object is still held after 30 ms\..*\n\n {2}Thing #1 at default\/\d+, \d+ ms old: Thing \{ label: 'left' \}\n {4}this application, for \d+ ms, from libs\/manager\/src\/testing\/expect-no-leaks\.spec\.ts:\d+:\d+$/,
    );
    await manager.release(thing);
    expect(await leaks()).toBe('');
  });

  it('names the line of the call whose result was not released', async () => {
    await using box = await manager.create(Box);
    const thing = await box.make('made');
    const message = await leaks();
    expect(message).toMatch(/Thing #2 .*\n {4}this application, .*expect-no-leaks\.spec\.ts:\d+:\d+/);
    await manager.release(thing);
    expect(await leaks()).not.toContain('Thing');
  });

  it('waits for a release that is on its way', async () => {
    const thing = await manager.create(Thing);
    setTimeout(() => void manager.release(thing), 20);
    await expectNoLeakedReferences(manager);
  });

  it('takes no injected proxy for a leak, but a second handle on one', async () => {
    const injected = manager.named('shared').lazy(Thing);
    await injected.name();
    expect(await leaks()).toBe('');
    const second = manager.dup(injected);
    expect(await leaks()).toContain('Thing #1 "shared"');
    await manager.release(second);
    expect(await leaks()).toBe('');
    await manager.unlink(Thing, 'shared');
    expect(await leaks()).toBe('');
  });

  it('finds a named object that was asked for and not released', async () => {
    const thing = await manager.get(Thing, 'one');
    const message = await leaks();
    expect(message).toContain('its name "one"');
    expect(message).toContain('this application');
    await manager.release(thing);
    expect(await leaks()).toBe('');
  });

  it('leaves alone what an object with a name keeps, and finds what another one keeps', async () => {
    const named = manager.named('box').lazy(Box);
    const thing = await manager.create(Thing, 'kept');
    await named.put(thing);
    await manager.release(thing);
    expect(await leaks()).toBe('');
    const box = await manager.create(Box);
    const other = await manager.create(Thing, 'other');
    await box.put(other);
    await manager.release(other);
    const message = await leaks();
    expect(message).toMatch(/^2 objects are /);
    expect(message).toMatch(/Thing #4 .*\n {4}kept by Box #3, for .*, from libs/);
    expect(message).not.toContain('kept by Box #1');
  });

  it('ignores what it is told to, and all that this keeps', async () => {
    const [box, thing] = [await manager.create(Box), await manager.create(Thing)];
    await box.put(thing);
    await manager.release(thing);
    await expectNoLeakedReferences(manager, { ...soon, ignore: ({ typeid }) => typeid === 'Box' });
  });

  it('finds what a ticket holds', async () => {
    const thing = await manager.create(Thing);
    await manager.ticket(thing, { ttl: 100 });
    await manager.release(thing);
    expect(await leaks()).toContain('a ticket made for "web"');
    await expectNoLeakedReferences(manager);
  });

  it('tells a great many without telling all', async () => {
    const things = await Promise.all(Array.from({ length: 100 }, () => manager.create(Thing)));
    const message = await leaks();
    expect(message).toMatch(/^100 objects are/);
    expect(message).toContain('… and 70 more.');
    for (const thing of things) void manager.release(thing);
    await expectNoLeakedReferences(manager);
  });
});

describe('with two applications', () => {
  it('finds what the other one left of objects without a name, and not of those with one', async () => {
    const other = test.connect({ application: 'worker' });
    const [named, thing] = [await other.get(Thing, 'one'), await other.create(Thing)];
    const message = await leaks();
    expect(message).toMatch(/^1 object is .*\n\n {2}Thing #2 .*\n {4}the application "worker" on .*$/);
    expect(message).not.toContain('from libs');
    await other.release(thing);
    expect(await leaks()).toBe('');
    expect(await leaks(other)).toContain('"one"');
    await other.release(named);
    expect(await leaks(other)).toBe('');
  });

  it('finds nothing of a killed one once its lease is over', async () => {
    const other = test.connect({ application: 'worker' });
    await other.create(Thing);
    test.kill(other);
    expect(await leaks()).toContain('the application "worker"');
    await expectNoLeakedReferences(manager, { within: 3000 });
  });
});
