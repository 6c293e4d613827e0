import { StateError } from '../../protocol/index.js';
import { roomFor, SLOT_HEAD, slotOf } from './slots.js';

/*
 * The block of a list, numbers in little-endian order:
 *
 *    0   8 bytes   'njs list'
 *    8   u32       version of this layout: 1
 *   12   u32       how many slots there are
 *   16   u32 each  where each slot begins, and where the last one ends: in units of 8 bytes from the start of the block
 *                  zeros up to a multiple of 8 bytes
 *                  the slots, as slots.ts has them
 *
 * All but the slots stays as it is.
 */

const MAGIC = 'njs list';
const VERSION = 1;
const HEAD = 16;
const UNIT = 8;

/** Where the slots of a list are. */
export class SlotTable {
  readonly #starts: Uint32Array;

  /** @param starts of each slot, and the end of the last one, in units. */
  constructor(starts: Uint32Array) {
    this.#starts = starts;
  }

  get length(): number {
    return this.#starts.length - 1;
  }

  /** Where a slot begins in the block; for the length of the list, where the last one ends. */
  start(index: number): number {
    return (this.#starts[index] as number) * UNIT;
  }

  /** Bytes for the value of a slot. */
  room(index: number): number {
    return this.start(index + 1) - this.start(index) - SLOT_HEAD;
  }
}

/**
 * The block of a list of these values.
 *
 * @throws TypeError and RangeError for a value that cannot be stored.
 */
export function blockOf(values: readonly unknown[]): Buffer {
  const slots = values.map((value, index) => slotOf(value, `Item ${index} of a shareable list`));
  const starts = new Uint32Array(slots.length + 1);
  let end = Math.ceil((HEAD + 4 * starts.length) / UNIT);
  slots.forEach(({ format, slot }, index) => {
    starts[index] = end;
    end += (SLOT_HEAD + roomFor(format, slot.length - SLOT_HEAD)) / UNIT;
  });
  starts[slots.length] = end;
  const block = Buffer.alloc(end * UNIT);
  block.write(MAGIC, 0, 'latin1');
  block.writeUInt32LE(VERSION, 8);
  block.writeUInt32LE(slots.length, 12);
  starts.forEach((start, index) => block.writeUInt32LE(start, HEAD + 4 * index));
  slots.forEach(({ slot }, index) => block.set(slot, (starts[index] as number) * UNIT));
  return block;
}

/** Reads so many bytes of a block from an offset on. */
export type ReadBlock = (offset: number, length: number) => Buffer | Promise<Buffer>;

/**
 * The table of the list in a block.
 *
 * @throws StateError where there is none, or one of another version.
 */
export async function tableOf(read: ReadBlock, size: number): Promise<SlotTable> {
  if (size < HEAD) throw broken('it is too short');
  const head = await read(0, HEAD);
  if (head.toString('latin1', 0, 8) !== MAGIC) throw broken('it does not begin like one');
  const version = head.readUInt32LE(8);
  if (version !== VERSION) throw broken(`its layout has version ${version}, and this process reads version ${VERSION}`);
  const count = head.readUInt32LE(12);
  const length = 4 * (count + 1);
  if (HEAD + length > size) throw broken('its table is longer than the block');
  const bytes = await read(HEAD, length);
  const starts = Uint32Array.from({ length: count + 1 }, (_, index) => bytes.readUInt32LE(4 * index));
  const least = (SLOT_HEAD + roomFor('null', 0)) / UNIT;
  const isOrdered = starts.every((start, index) => index === 0 || start - (starts[index - 1] as number) >= least);
  if (!isOrdered || (starts[0] as number) * UNIT < HEAD + length || (starts[count] as number) * UNIT !== size) {
    throw broken('its table is damaged');
  }
  return new SlotTable(starts);
}

function broken(why: string): StateError {
  return new StateError(`The block has no list that can be read: ${why}.`);
}
