import type { BlockFile } from '../sharedMemory/block-file.js';
import { openedFile } from '../sharedMemory/opened.js';
import { BlockMembers, type BlockClient } from '../sharedMemory/proxy.js';
import { sameAs } from '../list/same-as.js';
import { existingPlace } from '../support/places.js';
import { checkPosition } from '../support/position.js';
import { readSlot, readSlots, type Stored } from './reader.js';
import { asGiven, slotOf, SLOT_HEAD, type ShareableFormat } from './slots.js';
import { tableOf, type ReadBlock, type SlotTable } from './table.js';

/** A shareable list as applications see it. Its items are read and written without the server. */
export interface ShareableListClient<T> extends BlockClient, AsyncIterable<T> {
  /**
   * The item at `index`, counted from the end where it is negative; undefined where there is none. It is always one that
   * somebody has set, as a whole.
   *
   * @throws StateError where whoever set it last was killed in its midst: set it anew. Otherwise as `read` of shared memory.
   */
  at(index: number): Promise<T | undefined>;
  /**
   * Replaces the item at `index`, counted from the end where it is negative, whatever was there. The slot has the bytes that it
   * was made with: every one has room for a number, a boolean or null.
   *
   * @throws RangeError where there is no such index, or the slot has no room for the bytes of a string; TypeError for what
   * cannot be stored. The list is as it was.
   */
  set(index: number, value: T): Promise<void>;
  /** How many items there are: as many as it was made with. */
  length(): Promise<number>;
  /** The first index at which the item is this one; -1 where none is. */
  indexOf(value: T): Promise<number>;
  /** How many items are this one. */
  count(value: T): Promise<number>;
  /** What each slot has now: `int64` for integers, `float64` for other numbers. */
  format(): Promise<ShareableFormat[]>;
  /** What `manager.copyOf()` gives: all items, as a plain array, which the server reads. */
  toCopy(): Promise<T[]>;
  /** Every item in turn; each is as it was at some time since the iteration began. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
}

interface OpenList {
  readonly file: BlockFile;
  readonly read: ReadBlock;
  readonly table: SlotTable;
}

/** Of each open file, what never changes. */
const lists = new WeakMap<BlockFile, OpenList>();

/** The members of shareable lists that run in the application. */
export class ShareableListMembers extends BlockMembers {
  async at(index: number): Promise<unknown> {
    const at = checkPosition(index, 'at');
    const { read, table } = await listOf(this, 'read');
    const from = at < 0 ? at + table.length : at;
    return from >= 0 && from < table.length ? (await readSlot(read, table, from)).value : undefined;
  }

  async set(index: number, value: unknown): Promise<void> {
    checkPosition(index, 'set');
    const { slot } = slotOf(value, 'The value for set()');
    const { file, table } = await listOf(this, 'write');
    const at = existingPlace(index, table.length, 'set');
    const [bytes, room] = [slot.length - SLOT_HEAD, table.room(at)];
    if (bytes > room) {
      const encoding = typeof value === 'string' ? ' in UTF-8' : '';
      throw new RangeError(`The value for set() has ${bytes} bytes${encoding}, and slot ${at} has room for ${room}.`);
    }
    await file.write(table.start(at), slot);
  }

  async length(): Promise<number> {
    return (await listOf(this, 'read')).table.length;
  }

  async indexOf(value: unknown): Promise<number> {
    const isIt = sameAs(asGiven(value));
    let index = 0;
    for await (const { value: item } of slotsOf(this)) {
      if (isIt(item)) return index;
      index++;
    }
    return -1;
  }

  async count(value: unknown): Promise<number> {
    const isIt = sameAs(asGiven(value));
    let count = 0;
    for await (const { value: item } of slotsOf(this)) count += Number(isIt(item));
    return count;
  }

  async format(): Promise<ShareableFormat[]> {
    const formats: ShareableFormat[] = [];
    for await (const { format } of slotsOf(this)) formats.push(format);
    return formats;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    for await (const { value } of slotsOf(this)) yield value;
  }
}

async function* slotsOf(proxy: object): AsyncGenerator<Stored, void, undefined> {
  const { read, table } = await listOf(proxy, 'read');
  yield* readSlots(read, table);
}

async function listOf(proxy: object, member: string): Promise<OpenList> {
  const file = await openedFile(proxy, member);
  const known = lists.get(file);
  if (known) return known;
  const read: ReadBlock = (offset, length) => file.read(offset, length);
  const list = { file, read, table: await tableOf(read, file.size) };
  lists.set(file, list);
  return list;
}
