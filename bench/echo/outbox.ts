import type { Redis } from 'ioredis';
import { type Message, packFrame } from './frame.js';

/**
 * Writes to another process's inbox. All messages that one turn of the event loop makes travel in one frame.
 *
 * It is flushed by `process.nextTick`, which runs once the promises that a frame has settled have run their course, so that the
 * next calls of all its callers are in. `setImmediate` gives frames of the same size 10 to 20 µs later; splitting what
 * 2048 callers send into smaller frames was no faster either.
 */
export class Outbox {
  readonly #redis: Redis;
  readonly #inbox: string;
  #messages: Message[] = [];

  constructor(redis: Redis, inbox: string) {
    this.#redis = redis;
    this.#inbox = inbox;
  }

  send(message: Message): void {
    if (this.#messages.push(message) === 1) process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    const frame = packFrame(this.#messages);
    this.#messages = [];
    this.#redis.xadd(this.#inbox, 'NOMKSTREAM', '*', 'f', frame).catch(fail);
  };
}

/** An echo that lost a frame would wait for ever, so that its numbers would mean nothing. */
function fail(error: unknown): never {
  throw error;
}
