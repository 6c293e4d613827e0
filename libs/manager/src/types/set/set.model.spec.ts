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
import { SharedSet } from './referent.js';

type Other = Iterable<unknown>;

/** JavaScript's Set where it has the member, and Python's set where only that one has it. */
class SetModel {
  readonly #set = new Set<unknown>();

  add = (member: unknown): void => void this.#set.add(member);
  has = (member: unknown): boolean => this.#set.has(member);
  delete = (member: unknown): boolean => this.#set.delete(member);
  size = (): number => this.#set.size;
  values = (): unknown[] => [...this.#set];
  clear = (): void => this.#set.clear();
  copy = (): Set<unknown> => new Set(this.#set);
  union = (...others: Other[]): Set<unknown> => new Set([this.#set, ...others].flatMap((one) => [...one]));
  isSubsetOf = (other: Other): boolean => this.difference(other).size === 0;
  isSupersetOf = (other: Other): boolean => this.union(other).size === this.#set.size;
  isDisjointFrom = (other: Other): boolean => this.intersection(other).size === 0;
  update = (...others: Other[]): void => this.become(this.union(...others));
  intersectionUpdate = (...others: Other[]): void => this.become(this.intersection(...others));
  differenceUpdate = (...others: Other[]): void => this.become(this.difference(...others));
  symmetricDifferenceUpdate = (other: Other): void => this.become(this.symmetricDifference(other));

  remove(member: unknown): void {
    if (!this.#set.delete(member)) throw new KeyNotFoundError('');
  }
  pop(): unknown {
    if (this.#set.size === 0) throw new KeyNotFoundError('');
    const last = [...this.#set].at(-1);
    this.#set.delete(last);
    return last;
  }
  intersection(...others: Other[]): Set<unknown> {
    return new Set([...this.#set].filter((member) => others.every((one) => new Set(one).has(member))));
  }
  difference(...others: Other[]): Set<unknown> {
    return new Set([...this.#set].filter((member) => !others.some((one) => new Set(one).has(member))));
  }
  symmetricDifference(other: Other): Set<unknown> {
    return new Set([...this.difference(other), ...[...other].filter((member) => !this.#set.has(member))]);
  }

  private become(members: Set<unknown>): void {
    this.#set.clear();
    for (const member of members) this.#set.add(member);
  }
}

const member = fc.oneof(
  fc.constantFrom<unknown>('a', 'b', '', '1', 0, -0, 1, 2, 3, NaN, 1n, true, false, null, undefined),
  fc.constantFrom<unknown>('\0', '\0p1/1/default', ...COINS),
);
const members = fc.array(member, { maxLength: 8 });
const other = fc.oneof(
  { weight: 4, arbitrary: members },
  { weight: 3, arbitrary: members.map((each) => new Set(each)) },
  { weight: 1, arbitrary: fc.constant(SELF) },
);
const WITH_ONE = ['symmetricDifference', 'symmetricDifferenceUpdate', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom'];
const WITH_MANY = ['union', 'intersection', 'difference', 'update', 'intersectionUpdate', 'differenceUpdate'];
const command: fc.Arbitrary<Command> = fc.oneof(
  ...[calls('add', member), calls('add', member), calls('has', member), calls('delete', member), calls('pop')],
  ...[calls('remove', member), calls('size'), calls('values'), calls('copy'), calls('update', members)],
  ...WITH_ONE.map((name) => calls(name, other)),
  ...WITH_MANY.map((name) => fc.array(other, { maxLength: 3 }).map((args) => ({ member: name, args }))),
  fc.oneof({ weight: 1, arbitrary: calls('clear') }, { weight: 4, arbitrary: calls('size') }),
);

describe('a set', () => {
  let test: TestManager;
  beforeAll(async () => void (test = await createTestManager({ types: visitorTypes })));
  afterAll(() => test.close());

  it(
    "does what a Set does, or Python's set",
    async () => {
      await fc.assert(
        fc.asyncProperty(programs(command), async (program) => {
          const set = await test.manager.create(SharedSet);
          await compare(test.manager, set, new SetModel() as unknown as Model, program);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );
});
