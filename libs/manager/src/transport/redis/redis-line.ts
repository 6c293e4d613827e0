import type { Redis } from 'ioredis';
import type { Socket } from 'node:net';
import type { RedisClient } from './redis-options.js';

/** Looks for silence this many times in the patience there is. */
const LOOKS = 4;

/** One client of a connection and the replies that it owes. Silence is noticed here: a half-open socket never says so. */
export class RedisLine {
  readonly client: RedisClient;
  ready = false;
  #due = 0;
  #looks = 0;
  readonly #idle = new Set<() => void>();
  #corked: Socket | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(client: RedisClient, patience: number, silent: () => void) {
    this.client = client;
    // Looks without a reply are counted, not time: however long this process was paused, that is one look.
    this.#timer = setInterval(() => {
      if ((this.#due > 0 || !this.ready) && ++this.#looks > LOOKS) silent();
    }, patience / LOOKS);
  }

  /** A command was sent. */
  sent(): void {
    this.#due += 1;
  }

  /**
   * What else is sent in this turn goes out in one piece, when the turn ends or at `flush`: a write to the socket costs
   * more than a command. Called after the first, which has gone at once. In a cluster we do not see the sockets.
   */
  gather(): void {
    if (this.#corked || this.client.isCluster) return;
    this.#corked = (this.client as Redis).stream as Socket;
    this.#corked.cork();
    process.nextTick(this.flush);
  }

  readonly flush = (): void => {
    const corked = this.#corked;
    this.#corked = null;
    corked?.uncork();
  };

  /** A command was answered, or will not be. */
  readonly settled = (): void => {
    this.#looks = 0;
    this.#due -= 1;
    if (this.#due === 0) for (const wake of this.#idle) wake();
  };

  /** Resolves when nothing is due, or after `longest` ms. */
  async idle(longest: number): Promise<void> {
    if (this.#due === 0) return;
    let timer: NodeJS.Timeout | undefined;
    let wake: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longest);
      this.#idle.add((wake = resolve));
    });
    clearTimeout(timer);
    this.#idle.delete(wake);
  }

  /** Throws the client away. What it still owes is rejected by ioredis as the socket closes. */
  end(): void {
    clearInterval(this.#timer);
    if (this.client.status !== 'end') this.client.disconnect();
  }

  /** Resolves when the socket is closed, so that nothing of it outlives the transport. */
  async ended(longest: number): Promise<void> {
    if (this.client.status === 'end') return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longest);
      this.client.once('end', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
