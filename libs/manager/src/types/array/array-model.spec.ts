import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedArray } from './referent.js';
import { kinds, type Cells, type Kind, type Typecode } from './typecodes.js';

const RUNS = Number(process.env['CONTAINER_RUNS'] ?? 60);

type Command =
  | { member: 'at'; index: number }
  | { member: 'set'; index: number; value: unknown }
  | { member: 'slice'; start: number | undefined; end: number | undefined }
  | { member: 'fill'; value: unknown; start: number | undefined; end: number | undefined }
  | { member: 'length' };

const place = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.constantFrom(Infinity, -Infinity));
const optional = fc.option(place, { nil: undefined });
const numbers = ['b', 'B', 'h', 'H', 'i', 'I', 'f', 'd'] as const;
const bigs = ['l', 'L', 'q', 'Q'] as const;

const commands = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Command[]> =>
  fc.array(
    fc.oneof(
      fc.record({ member: fc.constant('at' as const), index: place }),
      fc.record({ member: fc.constant('set' as const), index: place, value }),
      fc.record({ member: fc.constant('slice' as const), start: optional, end: optional }),
      fc.record({ member: fc.constant('fill' as const), value, start: optional, end: optional }),
      fc.record({ member: fc.constant('length' as const) }),
    ),
    { size: 'max', maxLength: 200 },
  );

/** Runs a command on the array. */
function onArray(array: SharedArray, command: Command): unknown {
  switch (command.member) {
    case 'at':
      return array.at(command.index);
    case 'set':
      return array.set(command.index, command.value as never);
    case 'slice':
      return array.slice(command.start, command.end);
    case 'fill':
      return array.fill(command.value as never, command.start, command.end);
    default:
      return array.length();
  }
}

/** Has a cell take a value, and sees whether it is still the same one: otherwise Python refuses it. */
function taken(cells: Cells, value: unknown): number | bigint {
  const float = cells instanceof Float32Array || cells instanceof Float64Array;
  if (float) return value as number;
  if (typeof value === 'number' && !Number.isInteger(value)) throw new TypeError();
  const probe = cells.constructor as new (values: unknown[]) => Cells;
  const big = cells instanceof BigInt64Array || cells instanceof BigUint64Array;
  const [cell] = new probe([big ? BigInt(value as number) : value]);
  // oxlint-disable-next-line eqeqeq -- 1n is the 1 that was given
  if (cell != value) throw new RangeError();
  return cell as number | bigint;
}

/** The same on Node's own typed array. */
function onModel(cells: Cells, command: Command): unknown {
  switch (command.member) {
    case 'at':
      return cells.at(command.index);
    case 'set': {
      const at = command.index < 0 ? command.index + cells.length : command.index;
      if (!(at in cells)) throw new RangeError();
      cells[at] = taken(cells, command.value);
      return undefined;
    }
    case 'slice':
      return [...cells.slice(command.start, command.end)];
    case 'fill':
      cells.fill(taken(cells, command.value) as never, command.start, command.end);
      return undefined;
    default:
      return cells.length;
  }
}

function outcome(run: () => unknown): unknown {
  try {
    return { result: run() };
  } catch (error) {
    return { error: (error as Error).constructor.name };
  }
}

function compare(code: Typecode, initial: unknown[], program: Command[]): void {
  const array = new SharedArray(code, initial as never[]);
  const model = new (kinds.get(code) as Kind).cells(initial.length);
  initial.forEach((value, index) => (model[index] = taken(model, value)));
  for (const command of program) {
    expect([command, outcome(() => onArray(array, command))]).toEqual([
      command,
      outcome(() => onModel(model, command)),
    ]);
  }
  expect(array.toCopy()).toEqual([...model]);
}

describe('an array does what a typed array of Node does', () => {
  it('of numbers, but refuses what has no room', () => {
    const value = fc.oneof(
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: -300, max: 300 }),
      fc.integer({ min: -70_000, max: 70_000 }),
      fc.maxSafeInteger(),
      fc.double(),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...numbers),
        fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 10 }),
        commands(value),
        compare,
      ),
      { numRuns: RUNS },
    );
  });

  it('of bigints, but refuses what has no room', () => {
    const value = fc.oneof(
      fc.bigInt({ min: -5n, max: 5n }),
      fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
      fc.maxSafeInteger(),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...bigs),
        fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.integer({ min: 0 })), { maxLength: 10 }),
        commands(value),
        compare,
      ),
      { numRuns: RUNS },
    );
  });
});
