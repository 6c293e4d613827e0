import { client, SharedType } from '../../definition/index.js';
import { isIterableData, withCopies, type Items } from '../support/operands.js';
import { existingPlace } from '../support/places.js';
import { checkOptionalPosition, checkPosition } from '../support/position.js';
import { shown } from '../support/shown.js';
import type { ArrayClient } from './client.js';
import { fromCell, toCell } from './items.js';
import { ArrayMembers } from './proxy.js';
import { kinds, type ArrayInput, type ArrayItem, type Cells, type Kind, type Typecode } from './typecodes.js';

/**
 * Numbers or characters of one kind, as many as it was made with.
 *
 * @example
 * ```ts
 * const samples = await manager.create(SharedArray<'d'>, 'd', [0.5, 1.5]);
 * await samples.at(-1); // 1.5
 * ```
 */
@SharedType({ typeid: 'array', proxy: () => ArrayMembers })
export class SharedArray<C extends Typecode = Typecode> {
  declare readonly [client]?: ArrayClient<C>;
  readonly #kind: Kind;
  #cells: Cells;

  /**
   * @param typecode one of `b B u w h H i I l L q Q f d`
   * @param values the items: an array, a typed array or a Set, or the proxy of a container, whose items are copied; for `u`
   * and `w` a string, too. With a proxy it takes time: the constructor then gives a promise of the array, so that hosted
   * code calls `manager.array(typecode, proxy)` and not the constructor.
   * @throws RangeError for another typecode, and for an item that it has no room for; TypeError for items of another kind,
   * and for a size in place of them.
   */
  constructor(typecode: C, values: Items<ArrayInput<C>>) {
    this.#kind = kindOf(typecode);
    this.#cells = new this.#kind.cells(0);
    const made = withCopies([values], 'array', ([source]) => {
      this.#cells = cellsOf(this.#kind, typecode, source);
      return this;
    });
    if (made !== this) return made as never;
  }

  at(index: number): ArrayItem<C> | undefined {
    const cell = this.#cells.at(checkPosition(index, 'at'));
    return cell === undefined ? undefined : this.#item(cell);
  }

  set(index: number, value: ArrayInput<C>): void {
    this.#cells[existingPlace(index, this.#cells.length, 'set')] = this.#cell(value, 'set');
  }

  slice(start?: number, end?: number): ArrayItem<C>[] {
    const from = checkOptionalPosition(start, 'slice');
    const to = checkOptionalPosition(end, 'slice');
    return Array.from<number | bigint, ArrayItem<C>>(this.#cells.slice(from, to), (cell) => this.#item(cell));
  }

  length(): number {
    return this.#cells.length;
  }

  fill(value: ArrayInput<C>, start?: number, end?: number): void {
    const from = checkOptionalPosition(start, 'fill');
    const to = checkOptionalPosition(end, 'fill');
    this.#cells.fill(this.#cell(value, 'fill') as never, from, to);
  }

  toCopy(): ArrayItem<C>[] {
    return this.slice();
  }

  #item(cell: number | bigint): ArrayItem<C> {
    return fromCell(this.#kind, cell) as ArrayItem<C>;
  }

  #cell(value: unknown, member: string): number | bigint {
    return toCell(this.#kind, value, () => `The value for ${member}()`);
  }
}

function kindOf(typecode: unknown): Kind {
  const kind = kinds.get(typecode);
  if (kind) return kind;
  const known = [...kinds.keys()].join(' ');
  if (typeof typecode === 'string')
    throw new RangeError(`An array has one of the typecodes ${known}, got ${shown(typecode)}.`);
  throw new TypeError(`The typecode of an array is one of the letters ${known}, got ${shown(typecode)}.`);
}

function cellsOf(kind: Kind, typecode: Typecode, values: unknown): Cells {
  if (!isIterableData(values)) {
    const why = typeof values === 'number' ? `for as many zeros, new Array(${values}).fill(0)` : `got ${shown(values)}`;
    throw new TypeError(`An array '${typecode}' is made of its items, in an array or another iterable: ${why}.`);
  }
  const items = Array.from(values);
  const cells = new kind.cells(items.length);
  items.forEach((item, index) => {
    cells[index] = toCell(kind, item, () => `Item ${index} of an array '${typecode}'`);
  });
  return cells;
}
