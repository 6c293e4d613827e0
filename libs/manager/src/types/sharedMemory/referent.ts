import { client, defineFactory, SharedType, type TypeDefinition } from '../../definition/index.js';
import { checkCount } from '../support/count.js';
import { Blocked, giveBlock } from './blocked.js';
import { SharedMemoryMembers, type SharedMemoryClient } from './proxy.js';
import type { BlockStore } from './store.js';

/**
 * Bytes that the applications of one machine read and write without the server, which keeps count of who refers to them.
 *
 * @example
 * ```ts
 * await using frame = await manager.sharedMemory(1920 * 1080 * 4);
 * await frame.write(0, pixels);
 * await renderer.draw(frame); // in another process: `await frame.read(0, 4096)`
 * ```
 */
@SharedType({ typeid: 'sharedMemory', proxy: () => SharedMemoryMembers })
export class SharedMemory extends Blocked {
  declare readonly [client]?: SharedMemoryClient;

  /**
   * @param size bytes, 1 or more, zeros at first.
   * @param made what its creator calls this very creation.
   * @throws TypeError and RangeError for what is no size; RangeError and OverloadedError for one that is too large.
   */
  // oxlint-disable-next-line no-useless-constructor -- it says what `create` takes; the server makes instances by `defineSharedMemory`
  constructor(_size: number, _made?: string) {
    super();
  }
}

/** The type as one server has it, with the blocks of that. */
export function defineSharedMemory(store: BlockStore): TypeDefinition {
  const make = async (size: number, made?: string): Promise<SharedMemory> => {
    checkCount(size, 1, 'The size of a block of shared memory');
    return giveBlock(new SharedMemory(size), await store.make(size, made));
  };
  return { ...defineFactory({ type: SharedMemory }, make), resources: store };
}
