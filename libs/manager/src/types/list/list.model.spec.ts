import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
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
import { List } from './referent.js';

/** JavaScript's array where it has the member, and Python's list where only that one has it. */
class ListModel {
  items: unknown[] = [];

  at = (index: number): unknown => this.items.at(index);
  length = (): number => this.items.length;
  push = (...values: unknown[]): number => this.items.push(...values);
  shift = (): unknown => this.items.shift();
  unshift = (...values: unknown[]): number => this.items.unshift(...values);
  concat = (...others: unknown[]): unknown[] => this.items.concat(...others);
  copy = (): unknown[] => [...this.items];
  join = (separator?: string): string => this.items.join(separator);
  splice = (...args: unknown[]): unknown[] => this.items.splice(...(args as [number]));
  reverse = (): void => void this.items.reverse();
  clear = (): void => void this.items.splice(0);
  extend = (values: Iterable<unknown>): void => void this.items.push(...values);

  pop(...args: [number?]): unknown {
    if (args.length === 0) return this.items.pop();
    return this.items.splice(this.index(args[0] as number), 1)[0];
  }
  set(index: number, value: unknown): void {
    this.items[this.index(index)] = value;
  }
  delete(index: number): void {
    this.items.splice(this.index(index), 1);
  }
  insert(index: number, value: unknown): void {
    const { length } = this.items;
    this.items.splice(Math.min(length, Math.max(0, index < 0 ? index + length : index)), 0, value);
  }
  remove(value: unknown): void {
    const at = this.indexOf(value);
    if (at < 0) throw new RangeError();
    this.items.splice(at, 1);
  }
  indexOf(value: unknown, from = 0): number {
    const start = from < 0 ? Math.max(0, from + this.items.length) : from;
    const at = this.items.slice(start).findIndex((item) => isDeepStrictEqual(item, value));
    return at < 0 ? -1 : at + start;
  }
  includes(value: unknown, from?: number): boolean {
    return this.indexOf(value, from) >= 0;
  }
  count(value: unknown): number {
    return this.items.filter((item) => isDeepStrictEqual(item, value)).length;
  }
  /** As PySlice_AdjustIndices does it. */
  slice(start?: number, end?: number, step = 1): unknown[] {
    if (step === 0) throw new RangeError();
    const { length } = this.items;
    const [low, high] = step < 0 ? [-1, length - 1] : [0, length];
    const adjusted = (at: number): number => {
      if (at < 0) return at + length < 0 ? low : at + length;
      return at >= length ? high : at;
    };
    const from = start === undefined ? (step < 0 ? length - 1 : 0) : adjusted(start);
    const to = end === undefined ? (step < 0 ? -1 : length) : adjusted(end);
    const found: unknown[] = [];
    for (let at = from; step < 0 ? at > to : at < to; at += step) found.push(this.items[at]);
    return found;
  }
  sort({ reverse = false } = {}): void {
    const order = (a: unknown, b: unknown): number => {
      // Of the arrays here no two that differ have an order.
      if (Array.isArray(a) && isDeepStrictEqual(a, b)) return 0;
      const kinds = [a, b].map((value) => (typeof value === 'bigint' ? 'number' : typeof value));
      if (kinds[0] !== kinds[1] || !['number', 'string', 'boolean'].includes(kinds[0] as string)) throw new TypeError();
      const [one, other] = [a, b] as [number, number];
      if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
      return one < other ? -1 : Number(one > other);
    };
    // By insertion: stable, and it compares each with its neighbours.
    const sorted: unknown[] = [];
    for (const item of this.items) {
      const at = sorted.findIndex((other) => (reverse ? order(other, item) < 0 : order(other, item) > 0));
      sorted.splice(at < 0 ? sorted.length : at, 0, item);
    }
    this.items = sorted;
  }
  private index(index: number): number {
    const at = index < 0 ? index + this.items.length : index;
    if (at < 0 || at >= this.items.length) throw new RangeError();
    return at;
  }
}

const numbers = fc.constantFrom<unknown>(0, 1, 2, -1, 1.5, NaN, 1n, 2n, -3n, Infinity);
const strings = fc.constantFrom<unknown>('', 'a', 'b', 'ab', 'B', 'ä', '😀', '\uffff');
const [coin, other] = COINS;
const anything = fc.oneof(
  numbers,
  strings,
  fc.constantFrom<unknown>(null, undefined, true, false, { a: 1 }, [1], { a: [1, { b: 'a' }] }, new Set([1, 'a'])),
  fc.constantFrom<unknown>(coin, other, { coin }, [other, coin, { coin }], new Map([['coin', coin]])),
);
const index = fc.integer({ min: -12, max: 12 });
const place = fc.oneof(index, fc.constantFrom(undefined, Infinity, -Infinity));

function command(value: fc.Arbitrary<unknown>): fc.Arbitrary<Command> {
  const several = fc.array(value, { maxLength: 4 });
  const many = (member: string, ...before: fc.Arbitrary<unknown>[]): fc.Arbitrary<Command> =>
    fc.tuple(fc.tuple(...before), several).map(([args, values]) => ({ member, args: [...args, ...values] }));
  const operand = fc.oneof(
    { weight: 4, arbitrary: several },
    several.map((values) => new Set(values)),
    { weight: 1, arbitrary: fc.constant(SELF) },
  );
  return fc.oneof(
    ...[
      calls('at', index),
      calls('set', index, value),
      calls('length'),
      many('push'),
      calls('pop'),
      calls('pop', index),
    ],
    ...[calls('shift'), many('unshift'), calls('insert', index, value), calls('remove', value), calls('delete', index)],
    ...[many('splice', place, place), calls('splice', place), calls('slice', place, place)],
    ...[calls('slice', fc.option(index, { nil: undefined }), fc.option(index, { nil: undefined }), index)],
    ...[
      calls('indexOf', value),
      calls('indexOf', value, index),
      calls('includes', value, index),
      calls('count', value),
    ],
    ...[calls('reverse'), calls('sort'), calls('sort', fc.record({ reverse: fc.boolean() }))],
    ...[calls('concat', several, value), calls('join'), calls('join', strings), calls('copy')],
    { weight: 1, arbitrary: calls('extend', operand) },
    // Now and then, so that lists grow, and do not grow for ever.
    calls('slice', fc.constant(0)).map(() => ({ member: 'splice', args: [6] })),
    fc.oneof({ weight: 1, arbitrary: calls('clear') }, { weight: 4, arbitrary: calls('length') }),
  );
}

describe('a list', () => {
  let test: TestManager;
  beforeAll(async () => void (test = await createTestManager({ types: visitorTypes })));
  afterAll(() => test.close());

  it.each([
    ['numbers', numbers],
    ['strings', strings],
    ['anything', anything],
  ])(
    "does what an array does, or Python's list: %s",
    async (_, value) => {
      await fc.assert(
        fc.asyncProperty(programs(command(value)), async (program) => {
          const list = await test.manager.create(List);
          await compare(test.manager, list, new ListModel() as unknown as Model, program);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT,
  );
});
