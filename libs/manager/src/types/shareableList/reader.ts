import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { StateError } from '../../protocol/index.js';
import { lengthIn, SLOT_HEAD, valueIn, type ShareableFormat, type ShareableItem } from './slots.js';
import type { ReadBlock, SlotTable } from './table.js';

/** What was read of a slot. */
export interface Stored {
  readonly format: ShareableFormat;
  readonly value: ShareableItem;
}

/** Bytes of a slot that are read first: most values are short, however long their slots. */
const FIRST = 4096;
/** Bytes of slots that are read in one go. */
const BATCH = 64 * 1024;
/** Ms for which a slot may be being written. */
const PATIENCE = 1000;

/**
 * What is in a slot: one that somebody is writing is read again.
 *
 * @throws StateError where nobody is, and it has no whole value all the same.
 */
export async function readSlot(read: ReadBlock, table: SlotTable, index: number): Promise<Stored> {
  const since = performance.now();
  for (let tries = 1; ; tries++) {
    const stored = await readOnce(read, table, index);
    if (stored) return stored;
    if (performance.now() - since > PATIENCE) {
      throw new StateError(
        `Slot ${index} of the list has no whole value: its writer died while it wrote, or something else wrote to the block. Set it anew.`,
      );
    }
    // A write takes microseconds, unless its process has to wait for its turn.
    await (tries < 10 ? setImmediate() : sleep(1));
  }
}

/** What is in every slot from the first one on. Each is whole, and as it was at some time since this was asked for. */
export async function* readSlots(read: ReadBlock, table: SlotTable): AsyncGenerator<Stored, void, undefined> {
  for (let from = 0; from < table.length;) {
    const start = table.start(from);
    let to = from + 1;
    while (to < table.length && table.start(to + 1) - start <= BATCH) to++;
    const bytes = to - from > 1 ? await read(start, table.start(to) - start) : undefined;
    for (let index = from; index < to; index++) {
      const at = table.start(index) - start;
      yield (bytes && valueIn(bytes.subarray(at), table.room(index))) ?? (await readSlot(read, table, index));
    }
    from = to;
  }
}

async function readOnce(read: ReadBlock, table: SlotTable, index: number): Promise<Stored | undefined> {
  const room = table.room(index);
  const start = table.start(index);
  const first = Math.min(SLOT_HEAD + room, FIRST);
  let slot = await read(start, first);
  const length = SLOT_HEAD + lengthIn(slot);
  // In one go all the same: what was read before may be older.
  if (length > first && length <= SLOT_HEAD + room) slot = await read(start, length);
  return valueIn(slot, room);
}
