import { ConfigurationError } from '../../protocol/errors.js';
import { MediumError } from '../medium-error.js';
import { RedisLine } from './redis-line.js';
import type { RedisClient, RedisRole } from './redis-options.js';

const LONGEST_DELAY = 1000;
/** A connection that lasted this long was a good one: after it the first attempt comes soon. */
const GOOD = 500;
/** One that stood for less was cut: the next attempt comes nearly as soon, however often that happens. */
const CUT = 1;

/** How a server refuses that is not the one to write to, any more or yet. Of a script it is said in the middle. */
const REPLACED = /(^|: -)(READONLY|LOADING|MASTERDOWN|UNBLOCKED)/;
/** The same, or one that has no room, cannot save, or has too few replicas. */
const REFUSING = /(^|: -)(READONLY|LOADING|MASTERDOWN|UNBLOCKED|OOM|MISCONF|NOREPLICAS)/;

export interface ConnectionHooks {
  connect: (role: RedisRole) => RedisClient;
  /** What is done on a new client before it counts as connected. A rejection throws the client away. */
  prepare: (client: RedisClient) => Promise<unknown>;
  /** `line` changed: it is there, or it is gone. */
  changed: () => void;
  /** An error that no later attempt will mend. Not called once the connection has stood: what worked may work again. */
  fatal: (error: Error) => void;
}

/**
 * Keeps a connection to Redis: a lost or silent client is thrown away, its commands are rejected, and a new client is
 * made, for ever. ioredis could reconnect by itself, but then commands under way would hang, or be sent again after
 * later ones.
 */
export class RedisConnection {
  readonly #role: RedisRole;
  readonly #patience: number;
  readonly #hooks: ConnectionHooks;
  #line: RedisLine | null = null;
  #lastError: Error | undefined;
  #closed = false;
  #giveUp: ((error: Error) => void) | null = null;
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  /** `patience`: milliseconds without a reply, while replies are due, after which a client is thrown away. */
  constructor(role: RedisRole, patience: number, hooks: ConnectionHooks) {
    this.#role = role;
    this.#patience = patience;
    this.#hooks = hooks;
  }

  /** Where to send now; null while there is no connection. */
  get line(): RedisLine | null {
    return this.#line;
  }

  get lastError(): Error | undefined {
    return this.#line ? undefined : this.#lastError;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Sends a command. Rejects with a {@link MediumError}, also when the connection is lost before the reply. */
  async send<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const line = this.#line;
    if (!line)
      throw new MediumError(`Redis is not connected (${this.#lastError?.message ?? 'not yet'})`, this.#lastError);
    line.sent();
    try {
      const reply = command(line.client);
      line.gather();
      return await reply;
    } catch (error) {
      this.judge(error as Error);
      throw error instanceof MediumError ? error : new MediumError(`Redis: ${(error as Error).message}`, error);
    } finally {
      line.settled();
    }
  }

  /**
   * A server that was made a replica, or is full, answers every write like this: what takes no writes is no connection. A new
   * one may find the new master, and is one only once it may write. Of a cluster only one node may be full.
   */
  judge(error: Error): void {
    const refusal = this.#line?.client.isCluster ? REPLACED : REFUSING;
    if (refusal.test(error.message)) this.fail(error);
  }

  /** Throws the present client away. */
  fail(error: Error): void {
    this.#giveUp?.(error);
  }

  /** Disconnects for good. What was sent before may still be answered: `linger` is how long that may take, in ms. */
  async close(linger: number): Promise<void> {
    if (!this.#closed) await this.#line?.idle(linger);
    this.#closed = true;
    this.#wake?.();
    this.fail(new MediumError('the transport was closed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    let attempt = 0;
    let stood = 0;
    while (!this.#closed) {
      const begun = performance.now();
      const before = stood;
      try {
        await this.#live(() => (stood += 1));
      } catch (error) {
        const fatal = stood === 0 ? fatalError(error as Error) : null;
        if (fatal) this.#hooks.fatal(fatal);
      }
      if (performance.now() - begun > GOOD) attempt = 0;
      else if (stood > before) attempt = Math.min(attempt, CUT);
      await this.#pause(attempt++);
    }
  }

  /** One client from its making to its end; rejects with what ended it. */
  async #live(connected: () => void): Promise<void> {
    const client = this.#make();
    const line = new RedisLine(client, this.#patience, () =>
      this.fail(new MediumError(`no reply from Redis within ${this.#patience} ms`)),
    );
    const lost = new Promise<never>((_, reject) => {
      let error: Error | undefined;
      this.#giveUp = reject;
      const closed = (): void => reject(error ?? new MediumError('the connection was closed'));
      // Some errors end no connection, such as that of a database that is not there: ioredis goes on with another one.
      client.on('error', (problem: Error) => reject((error = this.#lastError = problem)));
      client.once('close', closed);
      client.once('end', closed);
    });
    try {
      await Promise.race([lost, this.#prepare(client)]);
      line.ready = true;
      this.#line = line;
      connected();
      this.#hooks.changed();
      await lost;
    } catch (error) {
      this.#lastError = error as Error;
      throw error;
    } finally {
      const stood = this.#line !== null;
      this.#giveUp = this.#line = null;
      line.end();
      if (stood) this.#hooks.changed();
      if (this.#closed) await line.ended(LONGEST_DELAY);
    }
  }

  #make(): RedisClient {
    try {
      return this.#hooks.connect(this.#role);
    } catch (error) {
      this.#lastError = error as Error;
      throw error;
    }
  }

  async #prepare(client: RedisClient): Promise<void> {
    const ready = new Promise((resolve) => (client.status === 'ready' ? resolve(null) : client.once('ready', resolve)));
    // Its rejection says less than the error event that comes with it.
    if (client.status === 'wait') client.connect().catch(() => undefined);
    await ready;
    await this.#hooks.prepare(client);
  }

  async #pause(attempt: number): Promise<void> {
    if (this.#closed) return;
    const longest = Math.min(LONGEST_DELAY, 40 * 2 ** Math.min(attempt, 10));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}

/** What is wrong with how we were told to connect, as against Redis being away or busy. */
function fatalError(error: Error): ConfigurationError | null {
  if (error instanceof ConfigurationError) return error;
  const refusal = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|invalid username|DB index|AUTH |Client sent AUTH))/;
  if (!refusal.test(error.message)) return null;
  return new ConfigurationError(`Redis does not let this manager in: ${error.message}`, { cause: error });
}
