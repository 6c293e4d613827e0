import type { ClaimEntry, ClaimKey, ClaimOutcome, Claims } from '../transport.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';
import { COMPARE_AND_SET, NEXT_GENERATION, READ, RENEW } from './redis-scripts.js';

/** Renewals under way at once: enough to fill the connection, few enough not to hold up what else it carries. */
const CHUNK = 500;

/** Claims as Redis strings with a time to live. Each script names one key: in a cluster every claim may lie elsewhere. */
export class RedisClaims implements Claims {
  readonly #control: RedisConnection;
  readonly #keys: RedisKeys;

  constructor(control: RedisConnection, keys: RedisKeys) {
    this.#control = control;
    this.#keys = keys;
  }

  async compareAndSet(key: ClaimKey, expected: string | null, next: string | null, ttl: number): Promise<ClaimOutcome> {
    const args = [pack(expected), pack(next), Math.max(1, Math.ceil(ttl))];
    const reply = await this.#control.send((client) => COMPARE_AND_SET.run(client, [this.#keys.claim(key)], args));
    const [done, current, left] = reply as [number, string, number];
    return { done: Number(done) === 1, current: current === '' ? null : entry(current.slice(1), left) };
  }

  async read(key: ClaimKey): Promise<ClaimEntry | null> {
    const reply = await this.#control.send((client) => READ.run(client, [this.#keys.claim(key)], []));
    return reply === null ? null : entry(...(reply as [string, number]));
  }

  async renew(keys: readonly ClaimKey[], value: string, ttl: number): Promise<ClaimKey[]> {
    const lost: ClaimKey[] = [];
    for (let start = 0; start < keys.length; start += CHUNK) {
      const chunk = keys.slice(start, start + CHUNK);
      const args = [value, Math.max(1, Math.ceil(ttl))];
      const replies = await Promise.all(
        chunk.map((key) => this.#control.send((client) => RENEW.run(client, [this.#keys.claim(key)], args))),
      );
      lost.push(...chunk.filter((_, index) => Number(replies[index]) === 0));
    }
    return lost;
  }

  async nextGeneration(): Promise<number> {
    return Number(await this.#control.send((client) => NEXT_GENERATION.run(client, [this.#keys.generation], [])));
  }

  async announce(name: string, text: string | null): Promise<void> {
    const { directory } = this.#keys;
    await this.#control.send((client): Promise<unknown> =>
      text === null ? client.hdel(directory, name) : client.hset(directory, name, text),
    );
  }

  async announced(): Promise<Map<string, string>> {
    return new Map(Object.entries(await this.#control.send((client) => client.hgetall(this.#keys.directory))));
  }
}

function pack(value: string | null): string {
  return value === null ? '' : `=${value}`;
}

/** An entry that somebody left without a time to live (PTTL -1) stays for ever. */
function entry(value: string, left: number): ClaimEntry {
  return { value, ttl: Number(left) < 0 ? Infinity : Number(left) };
}
