import { randomBytes } from 'node:crypto';
import { AuthenticationError, ProtocolError } from '../../protocol/errors.js';
import type { Lane } from '../transport.js';
import { CLIENT_BYTES, Kind, LANES, LONGEST, MAGIC, NONCE_BYTES, PROOF_BYTES, Refusal, VERSION } from './messages.js';
import { keyOf, proofOf, type SocketKeys } from './proof.js';
import type { Wire, WireHandler } from './wire.js';

/** Ms in which a client must have said, and proven, who it is. */
const DEADLINE = 5000;
/** Ms in which one that was refused may read why. */
const LINGER = 1000;
const HELLO_BYTES = MAGIC.length + 3 + CLIENT_BYTES + NONCE_BYTES;

export interface GreetingHooks {
  readonly keys: SocketKeys | undefined;
  readonly hub: Buffer;
  now(): number;
  /** It may do everything from now on. */
  admit(client: string, lane: Lane): void;
  refused(reason: Error): void;
}

/** What a hub and a client say to each other before anything else, at the hub. */
export class Greeting implements WireHandler {
  readonly #wire: Wire;
  readonly #hooks: GreetingHooks;
  readonly #deadline: NodeJS.Timeout;
  #hello: Buffer | undefined;
  /** Once it was sent: the keys that its answer may be made with. */
  #challenge: { readonly nonce: Buffer; readonly keys: readonly Uint8Array[] } | undefined;

  constructor(wire: Wire, hooks: GreetingHooks) {
    this.#wire = wire;
    this.#hooks = hooks;
    this.#deadline = setTimeout(
      () => wire.destroy(new AuthenticationError('A client did not say who it is in time.')),
      DEADLINE,
    );
    this.#deadline.unref();
  }

  /** The connection is closed. */
  stop(): void {
    clearTimeout(this.#deadline);
  }

  message(kind: number, bytes: Buffer, start: number, end: number): void {
    if (kind === Kind.hello && !this.#hello) this.#greet(Buffer.from(bytes.subarray(start, end)));
    else if (kind === Kind.proof && this.#challenge) this.#check(bytes.subarray(start, end));
    else throw new ProtocolError('Something was said before the greeting was over.');
  }

  #greet(hello: Buffer): void {
    this.#hello = hello;
    if (hello.length < MAGIC.length + 3 || !hello.subarray(0, MAGIC.length).equals(MAGIC)) {
      throw new ProtocolError('What connected does not speak this protocol.');
    }
    const [version, lane, keyed] = hello.subarray(MAGIC.length);
    if (version !== VERSION) {
      return this.#refuse(Refusal.version, `This hub speaks version ${VERSION} of the protocol, not ${version}.`);
    }
    if (hello.length !== HELLO_BYTES || LANES[lane as number] === undefined)
      throw new ProtocolError('A greeting is none.');
    const { keys } = this.#hooks;
    if (keys) {
      if (keyed) return void this.#ask(keys);
      return this.#refuse(Refusal.proof, 'A client has no authkey, and this hub asks for one.');
    }
    if (keyed) return this.#refuse(Refusal.keyless, 'This hub has no authkey, and the client asks for a proof of one.');
    this.#welcome(Buffer.alloc(PROOF_BYTES));
  }

  async #ask(source: SocketKeys): Promise<void> {
    let keys: readonly Uint8Array[];
    try {
      keys = await source();
    } catch (error) {
      this.#wire.destroy(new AuthenticationError('The authkey of this hub is not to be had.', { cause: error }));
      return;
    }
    if (this.#wire.closed) return;
    const nonce = randomBytes(NONCE_BYTES);
    this.#challenge = { nonce, keys };
    this.#wire.begin(Kind.challenge, 0, nonce);
  }

  #check(proof: Buffer): void {
    const hello = this.#hello as Buffer;
    const { nonce, keys } = this.#challenge as { nonce: Buffer; keys: readonly Uint8Array[] };
    this.#challenge = undefined;
    const key = keyOf(keys, proof, 'client', hello, nonce);
    if (!key) return this.#refuse(Refusal.proof, 'A client did not prove that it has the authkey of this hub.');
    this.#welcome(proofOf(key, 'hub', hello, nonce));
  }

  #welcome(proof: Buffer): void {
    const hello = this.#hello as Buffer;
    const { hub } = this.#hooks;
    this.stop();
    const at = this.#wire.begin(Kind.welcome, hub.length + 8, proof);
    this.#wire.slab.set(hub, at);
    this.#wire.slab.writeDoubleLE(this.#hooks.now(), at + hub.length);
    this.#wire.longest = LONGEST;
    const client = hello.toString('base64url', MAGIC.length + 3, MAGIC.length + 3 + CLIENT_BYTES);
    this.#hooks.admit(client, LANES[hello[MAGIC.length + 1] as number] as Lane);
  }

  #refuse(reason: number, text: string): void {
    this.#hooks.refused(new AuthenticationError(text));
    const at = this.#wire.begin(Kind.refused, 1, Buffer.from(text));
    this.#wire.slab[at] = reason;
    this.stop();
    // What else it says is not read: it was told.
    this.#wire.handler = { message: () => undefined };
    this.#wire.end();
    setTimeout(() => this.#wire.destroy(), LINGER).unref();
  }
}
