import type { ClaimEntry, ClaimKey, ClaimOutcome } from '../transport.js';

interface Stored {
  readonly value: string;
  readonly expires: number;
}

/** The number that was given out last, kept beyond the end of a process. Neither throws: what is not known is 0. */
export interface LastGeneration {
  read(): number;
  write(generation: number): void;
}

/** So many entries are never looked through. */
const SWEEP = 256;

/** Claims, the counter of generations and the directory, as one process sees them. Entries run out when looked at. */
export class MemoryStore {
  readonly #entries = new Map<string, Stored>();
  readonly #directory = new Map<string, string>();
  readonly #clock: () => number;
  /** What lets generations grow over restarts, where there is something. */
  readonly #last: LastGeneration | undefined;
  #generation = 0;
  /** Entries after the last look for those that ran out. */
  #swept = 0;

  constructor(clock: () => number, last?: LastGeneration) {
    this.#clock = clock;
    this.#last = last;
  }

  compareAndSet(key: ClaimKey, expected: string | null, next: string | null, ttl: number): ClaimOutcome {
    const current = this.read(key);
    if ((current?.value ?? null) !== expected) return { done: false, current };
    if (next === null) {
      this.#entries.delete(name(key));
      return { done: true, current: null };
    }
    this.#entries.set(name(key), { value: next, expires: this.#clock() + ttl });
    if (this.#entries.size > 2 * this.#swept + SWEEP) this.#sweep();
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
    const last = Math.max(this.#generation, this.#last?.read() ?? 0);
    this.#generation = Math.max(last + 1, Math.floor(this.#clock() / 1000));
    this.#last?.write(this.#generation);
    return this.#generation;
  }

  announce(server: string, text: string | null): void {
    if (text === null) this.#directory.delete(server);
    else this.#directory.set(server, text);
  }

  announced(): Map<string, string> {
    return new Map(this.#directory);
  }

  /** Entries that nobody looks at any more would stay for ever. */
  #sweep(): void {
    const now = this.#clock();
    for (const [key, { expires }] of this.#entries) if (expires <= now) this.#entries.delete(key);
    this.#swept = this.#entries.size;
  }
}

function name(key: ClaimKey): string {
  return `${key.kind}:${key.tag}`;
}
