import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { PROOF_BYTES } from './messages.js';

/** Gives the secrets of a process: the first is used, each is taken. */
export type SocketKeys = () => Promise<readonly Uint8Array[]>;

export type End = 'client' | 'hub';

/**
 * The proof that `end` has `key`, over all that both ends have said so far, a nonce of each among it: it holds for this
 * connection alone, and cannot be sent back to the end that made it.
 */
export function proofOf(key: Uint8Array, end: End, hello: Uint8Array, challenge: Uint8Array): Buffer {
  // Derived: the secret itself is used for other things, too.
  const own = Buffer.from(hkdfSync('sha256', key, '', 'nestjs-manager socket', 32));
  return createHmac('sha256', own).update(`${end} `).update(hello).update(challenge).digest();
}

/** The first of `keys` that `proof` was made with. Every key is looked at, so that time does not tell which. */
export function keyOf(
  keys: readonly Uint8Array[],
  proof: Uint8Array,
  end: End,
  hello: Uint8Array,
  challenge: Uint8Array,
): Uint8Array | undefined {
  if (proof.length !== PROOF_BYTES) return undefined;
  const found = keys.filter((key) => timingSafeEqual(proofOf(key, end, hello, challenge), proof));
  return found[0];
}
