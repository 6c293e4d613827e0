import { describe, expect, it } from '@jest/globals';
import { SharedFactory, SharedType, type SharedProxy } from '../definition/index.js';
import { createTestManager, expectNoLeakedReferences } from './index.js';

@SharedType()
class Counter {
  #count: number;
  constructor(count = 0) {
    this.#count = count;
  }
  increment(by = 1): number {
    return (this.#count += by);
  }
}

class Report {
  constructor(readonly text: string) {}
  read(): string {
    return this.text;
  }
}

class Reports {
  readonly #title: string;
  constructor(title: string) {
    this.#title = title;
  }
  @SharedFactory({ typeid: 'Report', type: Report })
  open(id: string): Report {
    return new Report(`${this.#title} ${id}`);
  }
}

describe('createTestManager()', () => {
  it('hosts classes, functions that make objects, and factories of providers', async () => {
    await using test = await createTestManager({
      types: [Counter],
      factories: [{ typeid: 'Late', type: Counter, create: async (from: number) => new Counter(from * 10) }],
      providers: [new Reports('report')],
    });
    const { manager } = test;
    await using counter = await manager.create(Counter, 5);
    await using late = await manager.create<Counter>('Late', 2);
    await using report = await manager.create<Report>('Report', 'seven');
    expect(await Promise.all([counter.increment(), late.increment(), report.read()])).toEqual([6, 21, 'report seven']);
  });

  it('connects further applications to the same objects', async () => {
    await using test = await createTestManager({ types: [Counter] });
    const counters = [test.manager, test.connect({ application: 'worker' })].map((manager) =>
      manager.named('visits').lazy(Counter),
    ) as [SharedProxy<Counter>, SharedProxy<Counter>];
    expect(await counters[0].increment()).toBe(1);
    expect(await counters[1].increment()).toBe(2);
    const [server] = (await test.manager.debugInfo()).servers;
    const holders = server?.objects[0]?.holders.map(({ kind, application }) => application ?? kind);
    expect(holders?.toSorted()).toEqual(['name', 'test', 'worker']);
  });

  it('ends an application as a killed process, and closes all the same', async () => {
    await using test = await createTestManager({ types: [Counter], lease: 300 });
    const other = test.connect();
    await other.create(Counter);
    test.kill(other);
    expect(await test.manager.numberOfObjects()).toBe(1);
    await expectNoLeakedReferences(test.manager, { within: 3000 });
    expect(await test.manager.numberOfObjects()).toBe(0);
    expect(() => test.kill({} as typeof other)).toThrow(/kill\(\) takes a manager/);
  });

  it('is closed once, with its managers', async () => {
    const test = await createTestManager({ types: [Counter] });
    const counter = await test.manager.create(Counter);
    await test.close();
    await test.close();
    await expect(counter.increment()).rejects.toMatchObject({ code: 'ERR_MANAGER_CLOSED' });
  });

  it('refuses a type that is none, and a lease that is too short', async () => {
    await expect(createTestManager({ types: [Report] })).rejects.toMatchObject({ code: 'ERR_MANAGER_CONFIGURATION' });
    await expect(createTestManager({ lease: 100 })).rejects.toThrow('shortest lease');
  });
});
