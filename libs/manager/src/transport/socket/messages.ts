import type { Lane } from '../transport.js';

/** What both ends of a wire say to each other. Numbers are little-endian; text is UTF-8. */
export const Kind = {
  // Before a client is let in.
  /** magic, version u8, lane u8, keyed u8, client 16, nonce 32 */
  hello: 1,
  /** nonce 32 */
  challenge: 2,
  /** proof 32 */
  proof: 3,
  /** hub 16, now f64, proof 32 (zeros without keys) */
  welcome: 4,
  /** reason u8, text */
  refused: 5,
  // From a client.
  /** length of the owner u16, owner, frame */
  writeTo: 16,
  /** frame, for the owner of the last `writeTo` */
  write: 17,
  /** inbox u32, ttl f64, the medium's number of the inbox f64 (0: not known), items read f64, owner */
  attach: 18,
  /** inbox u32, items read f64 */
  read: 19,
  /** number u32 */
  ping: 20,
  /** number u32, a question as JSON */
  ask: 21,
  // From the hub.
  /** inbox u32, stamp f64, frame */
  item: 32,
  /** u32: so many more writes were taken */
  taken: 33,
  /** u32: so many more were not */
  untaken: 34,
  /** inbox u32, the medium's number of it f64, items before the next one f64 */
  attached: 35,
  /** inbox u32, text */
  unattached: 36,
  /** number u32, now f64 */
  pong: 37,
  /** number u32, an answer as JSON */
  answer: 38,
  /** number u32, text */
  failure: 39,
} as const;

export const MAGIC = Buffer.from('nestmngr');
export const VERSION = 1;
export const CLIENT_BYTES = 16;
export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;
/** Of a message before its sender was let in. */
export const LONGEST_STRANGE = 512;
/** Of any other: what Redis takes, too. */
export const LONGEST = 512 * 1024 * 1024;

export const Refusal = { version: 1, proof: 2, keyless: 3, other: 4 } as const;

/** Lanes by number: each has a connection of its own. */
export const LANES: readonly Lane[] = ['frames', 'beats'];

/** What may be asked on the connection of the beats, and its arguments, as JSON has them. */
export type Question =
  | ['compareAndSet', kind: string, tag: string, expected: string | null, next: string | null, ttl: number]
  | ['read', kind: string, tag: string]
  | ['renew', value: string, ttl: number, keys: [kind: string, tag: string][]]
  | ['nextGeneration']
  | ['announce', name: string, text: string | null]
  | ['announced']
  | ['close', inbox: number];
