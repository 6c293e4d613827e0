import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { isUint8Array } from 'node:util/types';
import { AuthenticationError, ConfigurationError } from '../protocol/index.js';
import type { Seal } from '../protocol/index.js';

/** One secret, or several of which the first is used and each is taken: so that a new one can be rolled out. */
export type AuthKeys = string | Uint8Array | readonly (string | Uint8Array)[];

/**
 * The secret that applications and servers of a namespace have in common: at least 16 bytes, best 32 random ones. A
 * function is asked at the start and again for later sessions, so that keys can be changed without a restart.
 */
export type AuthKey = AuthKeys | (() => AuthKeys | Promise<AuthKeys>);

/** Makes the MAC of what one end of a session sends, and checks that of what it takes. */
export interface SessionSeal {
  mac(body: Uint8Array): Uint8Array;
  holds(seal: Seal | undefined): boolean;
}

const SHORTEST = 16;
const KEY_BYTES = 32;
/** Bytes of a MAC: half of a SHA-256, which nobody can guess in the life of a session. */
const MAC_BYTES = 16;
const NONCE_BYTES = 24;
/** Ms between two questions for keys that nobody waits for. */
const ASK_AGAIN = 1000;

/** A value of each session that its other end has chosen: no key of a session comes twice. */
export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** One key, and what is proven with it. */
export class HeldKey {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The MAC of a frame that opens a session, or is about one that is not known. */
  readonly mac = (body: Uint8Array): Uint8Array => hmac(this.#key, body);

  holds(seal: Seal | undefined): boolean {
    return isSealed(this.#key, seal);
  }

  /** What a connection is proven with where the medium asks for that: of use for nothing else. */
  get connection(): Uint8Array {
    return Buffer.from(hkdfSync('sha256', this.#key, '', 'nestjs-manager connection', KEY_BYTES));
  }

  /** What an end of a session proves itself by. Both ends have chosen a nonce, so neither can be talked into an old session. */
  session(id: string, nonces: { client: string; server: string }, end: 'client' | 'server'): SessionSeal {
    const salt = `${nonces.client}.${nonces.server}`;
    const keyOf = (from: string): Buffer =>
      Buffer.from(hkdfSync('sha256', this.#key, salt, `nestjs-manager session ${from} ${id}`, KEY_BYTES));
    const mine = keyOf(end);
    const theirs = keyOf(end === 'client' ? 'server' : 'client');
    return { mac: (body) => hmac(mine, body), holds: (seal) => isSealed(theirs, seal) };
  }
}

/** The keys of one process. */
export class Authenticator {
  readonly #source: AuthKey;
  #keys: HeldKey[] = [];
  #asked = -Infinity;
  #asking: Promise<void> | undefined;

  /** @throws ConfigurationError where a key is none, or too short. */
  constructor(source: AuthKey) {
    this.#source = source;
    if (typeof source !== 'function') this.#keys = derived(source);
  }

  /** The one that this side proves itself with. */
  get current(): HeldKey {
    return this.#keys[0] as HeldKey;
  }

  /** All that are valid: another end may have any one of them alone. */
  get every(): readonly HeldKey[] {
    return this.#keys;
  }

  /** The one that a frame was sealed with; undefined where it is none of ours. */
  holding(seal: Seal | undefined): HeldKey | undefined {
    return this.#keys.find((key) => key.holds(seal));
  }

  /** What connections to a medium are proven with: the first is used, each is taken. */
  async connectionKeys(): Promise<readonly Uint8Array[]> {
    await this.refresh();
    return this.#keys.map((key) => key.connection);
  }

  /** Asks a function for its keys; others are there already. The last ones stay where it fails, if there are any. */
  async refresh(): Promise<void> {
    if (typeof this.#source !== 'function') return;
    await (this.#asking ??= this.#ask(this.#source).finally(() => (this.#asking = undefined)));
  }

  /** The same, soon, unless that was done a moment ago. */
  refreshSoon(): void {
    if (performance.now() - this.#asked > ASK_AGAIN) this.refresh().catch(() => undefined);
  }

  async #ask(source: () => AuthKeys | Promise<AuthKeys>): Promise<void> {
    this.#asked = performance.now();
    try {
      this.#keys = derived(await source());
    } catch (error) {
      if (this.#keys.length > 0) return;
      throw error instanceof ConfigurationError
        ? error
        : new AuthenticationError('The function that is the `authkey` gave no key.', {
            cause: error,
            fate: 'not-executed',
          });
    }
  }
}

/** What is used in place of a secret: of one length, and for nothing else that the secret may be used for. */
function derived(keys: AuthKeys): HeldKey[] {
  const list = typeof keys === 'string' || isUint8Array(keys) ? [keys] : keys;
  if (!Array.isArray(list) || list.length === 0) throw wrongKey('a string, bytes, a list of them or a function');
  return list.map((key: unknown) => {
    if (typeof key !== 'string' && !isUint8Array(key)) throw wrongKey('made of strings or bytes');
    const bytes = Buffer.from(key);
    if (bytes.length < SHORTEST) throw wrongKey(`${SHORTEST} bytes long at least; 32 random bytes are best`);
    return new HeldKey(Buffer.from(hkdfSync('sha256', bytes, '', 'nestjs-manager authkey', KEY_BYTES)));
  });
}

function wrongKey(expected: string): ConfigurationError {
  // Without what was given: it is a secret.
  return new ConfigurationError(`An \`authkey\` must be ${expected}.`);
}

function hmac(key: Buffer, body: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES);
}

function isSealed(key: Buffer, seal: Seal | undefined): boolean {
  return seal !== undefined && seal.mac.length === MAC_BYTES && timingSafeEqual(hmac(key, seal.body), seal.mac);
}
