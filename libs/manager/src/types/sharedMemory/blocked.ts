import { currentCall, debugState } from '../../definition/index.js';
import { StateError } from '../../protocol/index.js';
import type { Place } from './place.js';
import type { HostedBlock } from './store.js';

/** Gives an instance its block. */
export let giveBlock: <T extends Blocked>(instance: T, block: HostedBlock) => T;

/** What shared types have in common whose state is in a block: in the server they only look after that. */
export abstract class Blocked {
  #block: HostedBlock | undefined;

  static {
    giveBlock = (instance, block) => {
      instance.#block = block;
      return instance;
    };
  }

  /** For the client class. */
  place(): Place {
    const block = this.#held();
    if (!block.unlinked) return block.place;
    throw new StateError('The block of shared memory was unlinked: who has not opened it by now cannot any more.');
  }

  name(): string | undefined {
    return currentCall().object?.name;
  }

  unlink(): Promise<boolean> {
    return this.#held().unlink();
  }

  onSharedDispose(): void {
    this.#block?.dispose();
  }

  [debugState](): Record<string, unknown> {
    return { bytes: this.#block?.place.size, unlinked: this.#block?.unlinked };
  }

  #held(): HostedBlock {
    if (this.#block) return this.#block;
    throw new StateError('Shared memory is made by a manager, in hosted code too: `manager.sharedMemory(size)`.');
  }
}
