import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyNotFoundError } from '../../protocol/index.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import {
  calls,
  COINS,
  compare,
  programs,
  RUNS,
  SELF,
  TIMEOUT,
  type Command,
  type Model,
} from '../support/model.suite.js';
import { visitorTypes } from '../support/visitors.suite.js';
import { Dict } from './referent.js';

/** JavaScript's Map where it has the member, and Python's dict where only that one has it. */
class DictModel {
  readonly #map = new Map<unknown, unknown>();

  get = (key: unknown): unknown => this.#map.get(key);
  set = (key: unknown, value: unknown): void => void this.#map.set(key, value);
  has = (key: unknown): boolean => this.#map.has(key);
  delete = (key: unknown): boolean => this.#map.delete(key);
  size = (): number => this.#map.size;
  keys = (): unknown[] => [...this.#map.keys()];
  values = (): unknown[] => [...this.#map.values()];
  entries = (): unknown[] => [...this.#map];
  clear = (): void => this.#map.clear();
  copy = (): Map<unknown, unknown> => new Map(this.#map);

  setDefault(key: unknown, value: unknown): unknown {
    if (!this.#map.has(key)) this.#map.set(key, value);
    return this.#map.get(key);
  }
  pop(...args: [key: unknown, fallback?: unknown]): unknown {
    const [key, fallback] = args;
    if (!this.#map.has(key) && args.length === 1) throw new KeyNotFoundError('');
    const value = this.#map.has(key) ? this.#map.get(key) : fallback;
    this.#map.delete(key);
    return value;
  }
  popItem(): unknown {
    const last = [...this.#map].at(-1);
    if (!last) throw new KeyNotFoundError('');
    this.#map.delete(last[0]);
    return last;
  }
  update(entries: Iterable<[unknown, unknown]> | Record<string, unknown>): void {
    const pairs = Symbol.iterator in entries ? (entries as Iterable<[unknown, unknown]>) : Object.entries(entries);
    for (const [key, value] of pairs) this.#map.set(key, value);
  }
}

const [coin, other] = COINS;
const name = fc.constantFrom('a', 'b', '', '1', 'constructor', '\0', '\0p1/1/default');
const key = fc.oneof(name, fc.constantFrom<unknown>(0, -0, 1, 2, NaN, 1n, true, false, null, undefined, coin, other));
const value = fc.constantFrom<unknown>(0, 'a', undefined, null, { a: [1] }, coin, { coin }, [other, coin, other]);
const pairs = fc.array(fc.tuple(key, value), { maxLength: 5 });
const entries = fc.oneof(
  { weight: 4, arbitrary: pairs },
  { weight: 2, arbitrary: pairs.map((each) => new Map(each)) },
  { weight: 2, arbitrary: fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.constant(SELF) },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  ...[calls('get', key), calls('has', key), calls('delete', key), calls('pop', key), calls('pop', key, value)],
  ...[calls('set', key, value), calls('set', key, value), calls('setDefault', key, value), calls('popItem')],
  ...[calls('size'), calls('keys'), calls('values'), calls('entries'), calls('copy'), calls('update', entries)],
  fc.oneof({ weight: 1, arbitrary: calls('clear') }, { weight: 4, arbitrary: calls('size') }),
);

describe('a dict', () => {
  let test: TestManager;
  beforeAll(async () => void (test = await createTestManager({ types: visitorTypes })));
  afterAll(() => test.close());

  it(
    "does what a Map does, or Python's dict",
    async () => {
      await fc.assert(
        fc.asyncProperty(programs(command), async (program) => {
          const dict = await test.manager.create(Dict);
          await compare(test.manager, dict, new DictModel() as unknown as Model, program);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );
});
