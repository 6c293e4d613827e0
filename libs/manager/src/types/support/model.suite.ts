import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Manager } from '../../client/index.js';
import { isProxy, type AnyProxy } from '../../definition/index.js';
import { countStored } from './counted.suite.js';
import { Coin } from './visitors.suite.js';

/** One call of a member. */
export interface Command {
  readonly member: string;
  readonly args: readonly unknown[];
}

/** In a model: what a proxy of a coin is in the server. */
export class CoinModel {
  constructor(readonly place: number) {}
  get [Symbol.toStringTag](): string {
    return 'SharedProxy';
  }
}

export const COINS = [new CoinModel(0), new CoinModel(1)];

/** In the arguments: the container itself, by its proxy. */
export const SELF = { self: true };

/** What has the members of a container, and follows the rules of JavaScript and Python. */
export type Model = Record<string, (...args: unknown[]) => unknown> & { copy(): unknown };

type Members = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Programs that a test runs, unless it is told. */
export const RUNS = Number(process.env.CONTAINER_RUNS ?? 8);
/** Ms for all of them. */
export const TIMEOUT = 10_000 + 1000 * RUNS;
/** Commands of each. */
const COMMANDS = 200;

/** A program of many commands; where one fails, fast-check looks for a shorter one. */
export function programs(command: fc.Arbitrary<Command>): fc.Arbitrary<Command[]> {
  return fc.array(command, { minLength: COMMANDS / 2, maxLength: COMMANDS, size: 'max' });
}

/** A call of `member`. */
export function calls(member: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Command> {
  return fc.tuple(...args).map((each) => ({ member, args: each }));
}

/** Runs a program on both: every result and error, and the content at the end, are the same, and so is what is held. */
export async function compare(
  manager: Manager,
  subject: AnyProxy,
  model: Model,
  program: readonly Command[],
): Promise<void> {
  const coins = await Promise.all(COINS.map(({ place }) => manager.create(Coin, place)));
  const places = new Map(coins.map((coin, place) => [manager.token(coin)?.id, place]));
  const sent = (value: unknown): unknown =>
    mapped(value, (part) => (part === SELF ? subject : part instanceof CoinModel ? coins[part.place] : undefined));
  const received = (value: unknown): unknown =>
    mapped(value, (part) => (isProxy(part) ? COINS[places.get(manager.token(part)?.id) ?? NaN] : undefined));
  try {
    await follow(manager, subject as unknown as Members, model, program, sent, received);
  } finally {
    await Promise.all([subject, ...coins].map((proxy) => manager.release(proxy)));
  }
}

async function follow(
  manager: Manager,
  members: Members,
  model: Model,
  program: readonly Command[],
  sent: (value: unknown) => unknown,
  received: (value: unknown) => unknown,
): Promise<void> {
  const outcomes: Promise<unknown>[] = [];
  const expected: unknown[] = [];
  for (const { member, args } of program) {
    // Copying an operand takes more than one step, between which others come.
    const alone = args.some((arg) => arg === SELF);
    if (alone) await Promise.all(outcomes);
    const call = (members[member] as Members[string])(...(sent([...args]) as unknown[]));
    outcomes.push(call.then(received, errorName));
    if (alone) await outcomes.at(-1);
    expected.push(outcomeOf(model, member, args));
  }
  const results = await Promise.all(outcomes);
  for (const [i, { member }] of program.entries()) {
    expect({ i, member, outcome: results[i] }).toEqual({ i, member, outcome: expected[i] });
  }
  const content = model.copy();
  expect(received(await (members.copy as Members[string])())).toEqual(content);
  const stored = [...(content as Iterable<unknown>)].flatMap((item) =>
    content instanceof Map ? (item as []) : [item],
  );
  await expectStored(
    manager,
    stored.reduce<number>((sum, item) => sum + coinsIn(item).size, 0),
  );
}

/** Those in one stored value: one that is in it twice is held once. */
function coinsIn(value: unknown): Set<unknown> {
  const found = new Set<unknown>();
  mapped(value, (part) => {
    if (part instanceof CoinModel) found.add(part);
    return undefined;
  });
  return found;
}

/** What calls held is let go soon after their answers. */
async function expectStored(manager: Manager, count: number): Promise<void> {
  for (let tries = 0; tries < 100 && (await countStored(manager)) !== count; tries++) await setTimeout(1);
  expect(await countStored(manager)).toBe(count);
}

function outcomeOf(model: Model, member: string, args: readonly unknown[]): unknown {
  try {
    const given = args.map((arg) => (arg === SELF ? model.copy() : arg));
    // As it is now: the next command may change it.
    return mapped((model[member] as Model[string]).apply(model, given), () => undefined);
  } catch (error) {
    return errorName(error);
  }
}

function errorName(error: unknown): string {
  return `throws a ${(error as Error).name}`;
}

/** A copy of data in which `change` puts other parts. */
function mapped(value: unknown, change: (part: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const changed = change(value);
  if (changed !== undefined) return changed;
  const inside = (part: unknown): unknown => mapped(part, change);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [inside(key), inside(item)]));
  if (value instanceof Set) return new Set([...value].map(inside));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inside(item)]));
}
