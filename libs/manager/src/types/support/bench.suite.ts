import type { Manager } from '../index.js';

/** Where the behaviour of a built-in type is seen: a server that has the types, and two applications that use it. */
export interface Bench {
  /** The manager of one application. */
  readonly manager: Manager;
  /** The manager of another application of the same server. */
  readonly other: Manager;
  close(): Promise<void>;
}

/** Opens a bench of its own for each test. */
export type OpenBench = () => Promise<Bench>;
