import { setTimeout as sleep } from 'node:timers/promises';
import { currentCall, SharedError, SharedType } from 'nestjs-manager';

/** What happened in this process, by name: tests ask the server for it. */
const ledger = new Map<string, number>();

export function note(what: string): number {
  const count = (ledger.get(what) ?? 0) + 1;
  ledger.set(what, count);
  return count;
}

export function noted(): Record<string, number> {
  return Object.fromEntries(ledger);
}

@SharedType()
export class Counter {
  #count: number;

  constructor(start = 0) {
    note('new Counter');
    this.#count = start;
  }

  increment(by = 1): number {
    note('increment');
    return (this.#count += by);
  }

  async later(ms: number, by = 1): Promise<number> {
    note('later started');
    await sleep(ms);
    note('later ended');
    return this.increment(by);
  }

  value(): number {
    note('value');
    return this.#count;
  }
}

/** Knows its name, so that a test sees which constructor made it. */
@SharedType()
export class Room {
  readonly #name: string;

  constructor(name: string) {
    note(`new Room ${name}`);
    this.#name = name;
  }

  name(): string {
    return this.#name;
  }
}

/** A thing to hold. */
@SharedType()
export class Thing {
  ping(): string {
    return 'pong';
  }
}

@SharedError()
export class RoomFullError extends Error {
  constructor(readonly seats: number) {
    super(`All ${seats} seats are taken.`);
    this.name = 'RoomFullError';
  }
}

/** Registered nowhere. */
class HiddenError extends Error {
  readonly code = 'EHIDDEN';
}

/** Behaviour of its own: neither data nor shared. */
class Gadget {
  run(): void {}
}

/** Its first constructor calls throw, and say which one they were. */
@SharedType()
export class Grumpy {
  constructor(name: string, failures: number) {
    const attempt = note(`new Grumpy ${name}`);
    if (attempt <= failures) throw new RoomFullError(attempt);
  }

  ping(): string {
    return 'pong';
  }
}

@SharedType({ exposed: ['fail', 'give', 'take', 'ping'] })
export class Faulty {
  fail(kind: 'shared' | 'built-in' | 'unknown' | 'text'): never {
    switch (kind) {
      case 'shared':
        throw new RoomFullError(12);
      case 'built-in':
        throw new RangeError('out of range', { cause: new RoomFullError(3) });
      case 'unknown':
        throw new HiddenError('nobody knows me');
      default:
        // oxlint-disable-next-line typescript/only-throw-error -- user code may
        throw 'only a text';
    }
  }

  give(kind: 'function' | 'symbol' | 'instance' | 'half', bytes = 0): unknown {
    switch (kind) {
      case 'function':
        return { deep: [() => undefined] };
      case 'symbol':
        return Symbol('here');
      case 'instance':
        return new Gadget();
      default:
        // A new shared object first, then what cannot be carried: the grant of the first is taken back.
        return bytes > 0 ? Buffer.alloc(bytes) : [new Thing(), () => undefined];
    }
  }

  take(value: unknown): string {
    note('take');
    return Object.prototype.toString.call(value);
  }

  ping(): string {
    return 'pong';
  }

  secret(): string {
    note('secret');
    return 'not for you';
  }
}

/** Made by a provider that uses the server's own manager: it makes objects of its own there. */
export class Family {
  constructor(
    readonly surname: string,
    readonly children: number,
  ) {}

  describe(): string {
    return `${this.surname}: ${this.children}`;
  }
}

/** Says what a call tells of its caller. */
@SharedType()
export class Caller {
  who(): { application: string; session: string; fence: bigint } {
    const { application, session, fence } = currentCall();
    return { application, session, fence };
  }
}

/** What a lock guards, in a system that checks fences. */
@SharedType()
export class Vault {
  readonly #writes: { by: string; session: string; fence: bigint }[] = [];

  write(by: string, fence: bigint): void {
    const { session } = currentCall();
    const newest = this.#writes.at(-1);
    if (newest && newest.fence > fence) throw new RangeError(`${fence} is older than ${newest.fence}`);
    if (newest?.by !== by || newest.session !== session || newest.fence !== fence) {
      this.#writes.push({ by, session, fence });
    }
  }

  /** Each writer once for as long as it wrote. */
  all(): { by: string; session: string; fence: bigint }[] {
    return this.#writes;
  }
}
