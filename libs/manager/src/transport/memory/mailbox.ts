import type { Lane } from '../transport.js';

/** An inbox as those see it who write to it: read in this process, or by one that is connected to it. */
export interface Mailbox {
  /** Whether it still takes anything. */
  readonly alive: boolean;
  /** Takes a copy of `bytes`. False where it is full. */
  append(lane: Lane, bytes: Uint8Array): boolean;
  /** Takes `bytes` that nobody will change. Who pushes calls `read` before its turn is over. */
  push(lane: Lane, bytes: Uint8Array): boolean;
  /** Hands over what was pushed. */
  read(): void;
}
