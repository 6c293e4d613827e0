import type { ClaimEntry, ClaimKey, ClaimOutcome } from '../transport.js';

interface Stored {
  readonly value: string;
  readonly expires: number;
}

/** Claims, the counter of generations and the directory, as one process sees them. Entries run out when looked at. */
export class MemoryStore {
  readonly #entries = new Map<string, Stored>();
  readonly #directory = new Map<string, string>();
  readonly #clock: () => number;
  #generation = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  compareAndSet(key: ClaimKey, expected: string | null, next: string | null, ttl: number): ClaimOutcome {
    const current = this.read(key);
    if ((current?.value ?? null) !== expected) return { done: false, current };
    if (next === null) {
      this.#entries.delete(name(key));
      return { done: true, current: null };
    }
    this.#entries.set(name(key), { value: next, expires: this.#clock() + ttl });
    return { done: true, current: { value: next, ttl } };
  }

  read(key: ClaimKey): ClaimEntry | null {
    const stored = this.#entries.get(name(key));
    if (!stored) return null;
    const ttl = stored.expires - this.#clock();
    if (ttl > 0) return { value: stored.value, ttl };
    this.#entries.delete(name(key));
    return null;
  }

  renew(keys: readonly ClaimKey[], value: string, ttl: number): ClaimKey[] {
    return keys.filter((key) => !this.compareAndSet(key, value, value, ttl).done);
  }

  nextGeneration(): number {
    this.#generation = Math.max(this.#generation + 1, Math.floor(this.#clock() / 1000));
    return this.#generation;
  }

  announce(server: string, text: string | null): void {
    if (text === null) this.#directory.delete(server);
    else this.#directory.set(server, text);
  }

  announced(): Map<string, string> {
    return new Map(this.#directory);
  }
}

function name(key: ClaimKey): string {
  return `${key.kind}:${key.tag}`;
}
