import { Redis } from 'ioredis';

/** Digits of a fence as text, so that texts compare as numbers do. */
const DIGITS = 20;
const LOG = 'log';

/** One write, as the vault saw it: in the order in which they came. */
export interface VaultEntry {
  lock: string;
  hold: string;
  fence: string;
  accepted: boolean;
}

/** Takes no write under a fence that is older than the newest it has seen; keeps a log of what it took and refused. */
const WRITE = `
local newest = redis.call('GET', KEYS[1])
local accepted = (not newest or ARGV[1] >= newest) and 1 or 0
if accepted == 1 then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('RPUSH', KEYS[2], cjson.encode({lock = ARGV[2], hold = ARGV[3], fence = ARGV[1], accepted = accepted == 1}))
return accepted
`;

/** What locks guard: a system of its own, as a database would be, that checks fences. */
export class Vault {
  readonly #client: Redis;

  constructor(url: string) {
    this.#client = new Redis(url);
  }

  async write(lock: string, hold: string, fence: bigint): Promise<boolean> {
    const digits = fence.toString().padStart(DIGITS, '0');
    return (await this.#client.eval(WRITE, 2, `newest of ${lock}`, LOG, digits, lock, hold)) === 1;
  }

  async all(): Promise<VaultEntry[]> {
    return (await this.#client.lrange(LOG, 0, -1)).map((text) => JSON.parse(text) as VaultEntry);
  }

  close(): void {
    this.#client.disconnect();
  }
}
