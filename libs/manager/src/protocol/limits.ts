/** Bounds that a receiver enforces on what arrives, and a sender on what it queues. */
export interface Limits {
  /** Bytes of one message (a call with its arguments, or an answer). @default 16 MiB */
  messageBytes: number;
  /** Levels of nesting in one value. @default 256 */
  depth: number;
  /** Calls of one session that may be under way at once, waiting calls not counted. @default 8192 */
  calls: number;
  /** Bytes of one session that may be under way in one direction. @default 32 MiB */
  bytes: number;
  /** Calls of one session that may wait (in members declared `waits`). @default 20000 */
  waiting: number;
  /** References of one session. @default 250000 */
  references: number;
  /** Sessions that a server has at once. @default 10000 */
  sessions: number;
  /** Bytes of one block of shared memory; those of the server count. @default 256 MiB */
  blockBytes: number;
  /** Bytes of all blocks of shared memory of one server. @default 1 GiB */
  totalBlockBytes: number;
  /** Calls that an application queues beyond its credit before it says `OverloadedError`; all at most 16 times `bytes`. @default 100000 */
  queued: number;
  /** Worker threads of all pools of a server. @default 64 */
  threads: number;
}

/**
 * So many times the bytes that may be under way are kept for a session before more is refused: what an application has to
 * send, and what a server has to answer. Calls that ran side by side may all end at once, and those are no fault of anybody's.
 */
export const KEPT = 16;

/** The limits where options say nothing else. */
export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  messageBytes: 16 * 1024 * 1024,
  depth: 256,
  calls: 8192,
  bytes: 32 * 1024 * 1024,
  waiting: 20_000,
  references: 250_000,
  sessions: 10_000,
  blockBytes: 256 * 1024 * 1024,
  totalBlockBytes: 1024 * 1024 * 1024,
  queued: 100_000,
  threads: 64,
});
