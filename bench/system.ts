import type { Cell, Sample } from './sample.js';

/** What both processes of a system are told. Nothing else in the Redis of a run is under this namespace. */
export interface BenchContext {
  redisUrl: string;
  namespace: string;
}

/**
 * One way to reach a shared object. A file in `systems/` exports one as its default, and its name is the system's name;
 * it is loaded in the system's server process and in its client process, and nowhere else.
 */
export interface System {
  /** Runs in the server process; resolves once calls can be answered. */
  serve(context: BenchContext): Promise<Hosted>;
  /** Runs in the client process; `address` is what `serve` gave. */
  connect(context: BenchContext, address: string | undefined): Promise<Target>;
}

export interface Hosted {
  address?: string;
  stop(): Promise<void>;
}

/** What a client process measures. A case that needs a member which is not there does not apply to the system. */
export interface Target {
  /** One remote call that adds to a counter and answers its value (or, for an echo, the argument). */
  call?(by: number): Promise<unknown>;
  /** An iterator of so many small items, made at the server. */
  stream?(items: number): Promise<AsyncIterable<unknown>>;
  objects?: Objects;
  /** One queue for all callers. */
  queue?(callers: number): Promise<Queue>;
  /** The lock of this name, the same one in every process. */
  lock?(name: string): Promise<Lock>;
  /** One dict for all callers. */
  dict?(): Promise<Dict>;
  /** One block of memory of `BLOCK_BYTES` for all callers. */
  block?(): Promise<Block>;
  /** One pool for all callers. */
  pool?(): Promise<Pool>;
  /**
   * For clients that are not this process: runs the whole cell there, also where each caller is a process. `undefined` where the
   * case does not apply.
   */
  drive?(caseName: string, cell: Cell): Promise<Sample | undefined>;
  /** The system's own client, for cases that are about one system only. */
  native?: unknown;
  close(): Promise<void>;
}

/** What a target may have. */
export type Offer = Exclude<keyof Target, 'close'>;

export interface Queue {
  put(item: number): Promise<unknown>;
  /** Waits where there is none. */
  get(): Promise<unknown>;
}

export interface Lock {
  acquire(): Promise<unknown>;
  release(): Promise<unknown>;
}

export const BLOCK_BYTES = 64 * 1024 * 1024;

export interface Block {
  read(offset: number, length: number): Promise<Uint8Array>;
  readInto(target: Uint8Array, offset: number): Promise<unknown>;
  write(offset: number, bytes: Uint8Array): Promise<unknown>;
}

export interface Dict {
  set(key: string, value: number): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

/** Two worker threads that square numbers. */
export interface Pool {
  run(number: number): Promise<unknown>;
  /** All of them, by one call where there is one for it. */
  map(numbers: readonly number[]): Promise<unknown>;
}

/** Remote objects that are made and given back one by one. */
export interface Objects<T = unknown> {
  create(): Promise<T>;
  release(object: T): Promise<unknown>;
  /** How many objects the server has now. */
  count(): Promise<number>;
}

/** Thrown by `serve` or `connect` where a system cannot run on this machine: the run goes on without it. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
