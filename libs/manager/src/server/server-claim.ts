// Not the global one, which is a getter: this is asked for each call.
import { performance } from 'node:perf_hooks';
import type { Claims, ClaimKey } from '../transport/index.js';
import { Moment } from '../link/index.js';
import { claimValue, parseClaim, ServerSupersededError, stateOfClaim, type ServerIdentity } from '../protocol/index.js';
import type { Logger } from '../definition/index.js';

export interface ServerClaimOptions {
  name: string;
  nonce: string;
  /** Milliseconds. */
  lease: number;
  /** Does not wait for a predecessor: whoever starts this one knows it dead. */
  takeover: boolean;
  logger: Logger;
}

/**
 * The server's own lease: its claim on its name. Whoever holds it may act; once it ran out, nothing starts and nothing is
 * written until it was asserted again, which works as long as nobody else has taken the name.
 */
export class ServerClaim {
  readonly #claims: Claims;
  readonly #options: ServerClaimOptions;
  readonly #key: ClaimKey;
  #value = '';
  #held: Moment | undefined;
  /** End of the lease, by the monotonic clock. */
  #until = 0;

  constructor(claims: Claims, options: ServerClaimOptions) {
    this.#claims = claims;
    this.#options = options;
    this.#key = { kind: 'server', tag: options.name };
  }

  /** Waits for the name and takes it, under a generation newer than any before. */
  async acquire(signal: AbortSignal): Promise<ServerIdentity> {
    const { name, nonce, lease, takeover, logger } = this.#options;
    let waitsFor = '';
    for (;;) {
      signal.throwIfAborted();
      const current = await this.#claims.read(this.#key);
      if (current && !takeover) {
        if (current.value !== waitsFor) {
          waitsFor = current.value;
          const { generation } = parseClaim(current.value) ?? {};
          logger.warn(
            `The server name "${name}" is held by generation ${generation ?? '?'}, whose lease ends in ${current.ttl} ms ` +
              'unless it is renewed. Waiting for it. (A supervisor that knows it dead may set `takeover: true`.)',
          );
        }
        await pause(Math.min(Math.max(current.ttl, 20), 250), signal);
        continue;
      }
      const identity = { name, nonce, generation: await this.#claims.nextGeneration() };
      this.#value = claimValue(identity);
      const sent = new Moment();
      const until = performance.now() + lease;
      const outcome = await this.#claims.compareAndSet(this.#key, current?.value ?? null, this.#value, lease);
      if (!outcome.done) continue;
      this.#held = sent;
      this.#until = until;
      return identity;
    }
  }

  /** Whether the lease holds. Counted from before its last renewal was sent. */
  get valid(): boolean {
    return this.#held !== undefined && this.#held.elapsed() < this.#options.lease;
  }

  /** The same by the monotonic clock alone: for the check before each call, whose frame was checked by both clocks. */
  get ticking(): boolean {
    return performance.now() < this.#until;
  }

  /**
   * Renews the lease, or takes the name again where the entry is gone. Rejects where the medium cannot be reached.
   *
   * @throws ServerSupersededError where another server has the name.
   */
  async renew(): Promise<void> {
    const sent = new Moment();
    const { lease, name } = this.#options;
    const until = performance.now() + lease;
    let outcome = await this.#claims.compareAndSet(this.#key, this.#value, this.#value, lease);
    const current = outcome.current?.value ?? null;
    // A medium that came back with older data has the claim of a generation before this one.
    if (!outcome.done && (current === null || stateOfClaim(this.#value, current) === 'superseded')) {
      outcome = await this.#claims.compareAndSet(this.#key, current, this.#value, lease);
    }
    if (!outcome.done) {
      const owner = parseClaim(outcome.current?.value ?? '');
      throw new ServerSupersededError(
        `The server name "${name}" now belongs to generation ${owner?.generation ?? '?'}: this server stops.`,
        { server: name },
      );
    }
    this.#held = sent;
    this.#until = until;
  }

  async release(): Promise<void> {
    this.#held = undefined;
    this.#until = 0;
    if (this.#value) await this.#claims.compareAndSet(this.#key, this.#value, null, 0);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
