import { MediumError } from '../medium-error.js';
import type { ClaimEntry, ClaimKey, ClaimOutcome, Claims } from '../transport.js';
import { Kind, type Question } from './messages.js';
import type { Wire } from './wire.js';

/** Keys in one question: few enough not to hold up what else the connection carries. */
const CHUNK = 500;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The claims that a hub keeps. Questions and answers travel as JSON, which no frame does. */
export class SocketClaims implements Claims {
  readonly #wire: () => Wire;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  /** `wire` throws where there is no connection. */
  constructor(wire: () => Wire) {
    this.#wire = wire;
  }

  async compareAndSet(key: ClaimKey, expected: string | null, next: string | null, ttl: number): Promise<ClaimOutcome> {
    return (await this.ask(['compareAndSet', key.kind, key.tag, expected, next, ttl])) as ClaimOutcome;
  }

  async read(key: ClaimKey): Promise<ClaimEntry | null> {
    return (await this.ask(['read', key.kind, key.tag])) as ClaimEntry | null;
  }

  async renew(keys: readonly ClaimKey[], value: string, ttl: number): Promise<ClaimKey[]> {
    const lost: ClaimKey[] = [];
    for (let start = 0; start < keys.length; start += CHUNK) {
      const chunk = keys.slice(start, start + CHUNK);
      const pairs = chunk.map(({ kind, tag }): [string, string] => [kind, tag]);
      const indexes = (await this.ask(['renew', value, ttl, pairs])) as number[];
      lost.push(...indexes.map((index) => chunk[index] as ClaimKey));
    }
    return lost;
  }

  async nextGeneration(): Promise<number> {
    return (await this.ask(['nextGeneration'])) as number;
  }

  async announce(name: string, text: string | null): Promise<void> {
    await this.ask(['announce', name, text]);
  }

  async announced(): Promise<Map<string, string>> {
    return new Map((await this.ask(['announced'])) as [string, string][]);
  }

  /** Rejects with a {@link MediumError}, also where the connection is lost before the answer. */
  async ask(question: Question): Promise<unknown> {
    const wire = this.#wire();
    const number = (this.#number = (this.#number + 1) >>> 0);
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    const at = wire.begin(Kind.ask, 4, Buffer.from(JSON.stringify(question)));
    wire.slab.writeUInt32LE(number, at);
    return answer;
  }

  answered(number: number, text: string): void {
    this.#take(number)?.resolve(JSON.parse(text));
  }

  failed(number: number, text: string): void {
    this.#take(number)?.reject(new MediumError(text));
  }

  /** The connection is gone, or silent: what was asked may or may not have been done. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }
}
