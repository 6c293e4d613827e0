import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestManager } from '../../testing/index.js';
import { RUNS, TIMEOUT } from '../support/model.suite.js';
import { sameValue } from '../support/structure.js';
import type { ShareableItem } from './slots.js';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const item: fc.Arbitrary<ShareableItem> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  text,
  text.map((one) => `${one}\0`),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);
const command = fc.oneof(
  fc.record({ member: fc.constant('at' as const), index: fc.integer({ min: -12, max: 12 }) }),
  fc.record({ member: fc.constant('set' as const), index: fc.integer({ min: -12, max: 12 }), value: item }),
  fc.record({ member: fc.constant('indexOf' as const), value: item }),
  fc.record({ member: fc.constant('count' as const), value: item }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** An array of a fixed length, whose places have as many bytes as the first item there wanted. */
class Model {
  readonly #rooms: number[];

  constructor(readonly items: ShareableItem[]) {
    this.#rooms = items.map((one) => (isLong(one) ? 8 * (Math.floor(bytesOf(one) / 8) + 1) : 8));
  }

  run(command: Command): unknown {
    const { items } = this;
    switch (command.member) {
      case 'at':
        return items.at(command.index);
      case 'set': {
        const at = command.index < 0 ? command.index + items.length : command.index;
        if (!(at in items) || bytesOf(command.value) > (this.#rooms[at] as number)) return 'RangeError';
        items[at] = command.value;
        return undefined;
      }
      case 'indexOf':
        return items.findIndex((one) => sameValue(one, command.value));
      default:
        return items.filter((one) => sameValue(one, command.value)).length;
    }
  }
}

const isLong = (value: ShareableItem): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array;
const bytesOf = (value: ShareableItem): number => (isLong(value) ? Buffer.from(value as string).length : 0);

it(
  'a shareable list does what an array does that cannot grow',
  async () => {
    await using test = await createTestManager();
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 10 }),
        fc.array(command, { size: 'max', maxLength: 100 }),
        async (initial, program) => {
          await using list = await test.manager.shareableList(initial);
          const model = new Model([...initial]);
          for (const one of program) {
            const run = { ...one } as { member: string; index?: number; value?: ShareableItem };
            const args = [...('index' in run ? [run.index] : []), ...('value' in run ? [run.value] : [])];
            const members = list as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
            const outcome = await (members[run.member] as (...args: unknown[]) => Promise<unknown>)(...args).catch(
              (error: Error) => error.name,
            );
            expect([one, outcome]).toEqual([one, model.run(one)]);
          }
          const items: ShareableItem[] = [];
          for await (const one of list) items.push(one);
          expect(items).toEqual(model.items);
        },
      ),
      { numRuns: RUNS * 5 },
    );
  },
  TIMEOUT,
);
