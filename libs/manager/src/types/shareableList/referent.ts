import { client, defineFactory, SharedType, type TypeDefinition } from '../../definition/index.js';
import { BlockFile } from '../sharedMemory/block-file.js';
import { Blocked, giveBlock } from '../sharedMemory/blocked.js';
import type { BlockStore } from '../sharedMemory/store.js';
import { itemsOf, withCopies, type Items } from '../support/operands.js';
import { ShareableListMembers, type ShareableListClient } from './proxy.js';
import { readSlots } from './reader.js';
import type { ShareableItem } from './slots.js';
import { blockOf, tableOf, type ReadBlock } from './table.js';

/**
 * A list of as many items as it was made with, in shared memory: numbers, bigints of 64 bits, booleans, strings, bytes and
 * null, which the applications of one machine read and replace without the server.
 *
 * @example
 * ```ts
 * const progress = await manager.shareableList<number | string>([0, 'starting      ']);
 * await progress.set(0, 17);
 * await progress.set(1, 'half way');
 * ```
 */
@SharedType({ typeid: 'shareableList', proxy: () => ShareableListMembers })
export class ShareableList<T = ShareableItem> extends Blocked {
  declare readonly [client]?: ShareableListClient<T>;

  /**
   * @param values the items: an array or another iterable, or the proxy of a container, whose items are copied.
   * @param made what its creator calls this very creation.
   * @throws TypeError and RangeError for what cannot be stored; RangeError and OverloadedError for more than there is room for.
   */
  // oxlint-disable-next-line no-useless-constructor -- it says what `create` takes; the server makes instances by `defineShareableList`
  constructor(_values: Items<T>, _made?: string) {
    super();
  }

  async toCopy(): Promise<T[]> {
    const file = await BlockFile.open(this.place());
    try {
      const read: ReadBlock = (offset, length) => file.read(offset, length);
      const items: ShareableItem[] = [];
      for await (const { value } of readSlots(read, await tableOf(read, file.size))) items.push(value);
      return items as T[];
    } finally {
      file.close();
    }
  }
}

/** The type as one server has it, with the blocks of that. */
export function defineShareableList(store: BlockStore): TypeDefinition {
  const host = async (items: unknown[], made: string | undefined): Promise<ShareableList> => {
    const block = blockOf(items);
    const hosted = await store.make(block.length, made, (file) => file.write(0, block));
    return giveBlock(new ShareableList<ShareableItem>([]), hosted);
  };
  const make = async (values: Items<unknown>, made?: string): Promise<ShareableList> =>
    host(await withCopies([values], 'shareableList', ([source]) => itemsOf(source, 'shareableList')), made);
  return defineFactory({ type: ShareableList }, make);
}
