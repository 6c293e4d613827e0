import { setTimeout as sleep } from 'node:timers/promises';
import { currentCall, keep, SharedType, type CallContext, type SharedProxy } from 'nestjs-manager';
import type { Recorder } from './recorder.js';
import type { Vault } from './vault.js';

/** Where the objects of this process write what happened to them. Set before any of them is made. */
let recorder: Recorder | undefined;
let generation: () => number = () => 0;

export function tellTo(its: Recorder, ofGeneration: () => number): void {
  [recorder, generation] = [its, ofGeneration];
}

/** Counts calls, each of which has a name. */
@SharedType()
export class Tally {
  #count = 0;

  count(call: string): number {
    this.#note(call, currentCall(), false);
    return this.#count;
  }

  /** Counted at its end, when it may be too late for its caller. */
  async later(call: string, ms: number): Promise<number> {
    const context = currentCall();
    await sleep(ms);
    this.#note(call, context, true);
    return this.#count;
  }

  #note(call: string, { session, object }: CallContext, late: boolean): void {
    const value = ++this.#count;
    const number = generation();
    const told = { call, object: `${number}#${object?.id}`, session, generation: number, value, late };
    recorder?.record({ kind: 'ran', ...told });
  }
}

/** Writes to a vault as its user told it to, under the fence of its call. */
@SharedType()
export class Clerk {
  static vault: Vault | undefined;

  /** Waits, then writes; answers whether the vault took it. */
  async write(name: string, ms: number): Promise<boolean> {
    const { fence } = currentCall();
    await sleep(ms);
    if (!Clerk.vault) throw new Error('This server has no vault');
    return Clerk.vault.write('ledger', name, fence);
  }
}

/** One at a time: the others stand in line. */
@SharedType({ serial: true })
export class LoneClerk extends Clerk {}

/** A thing that many have references to. */
@SharedType()
export class Jar {
  look(): string {
    return 'jam';
  }
}

/** Gives more than anybody can take. */
@SharedType()
export class Spring {
  #made = 0;

  blob(bytes: number): Uint8Array {
    this.#made++;
    return new Uint8Array(bytes);
  }

  /** For ever, as fast as it is let. */
  async *flow(bytes: number): AsyncGenerator<Uint8Array> {
    for (;;) yield this.blob(bytes);
  }

  /** Answers and items that were made. */
  made(): number {
    return this.#made;
  }
}

/** Hands out references to the same few jars, and to new ones. */
@SharedType()
export class Pantry {
  readonly #jars = [new Jar(), new Jar(), new Jar()];
  #guest: SharedProxy<Jar> | undefined;

  take(index: number): Jar | undefined {
    return this.#jars[index % this.#jars.length];
  }

  make(): Jar {
    return new Jar();
  }

  /** Keeps somebody's jar in place of the one before. */
  store(jar: SharedProxy<Jar>): void {
    const before = this.#guest;
    this.#guest = keep(jar, this);
    void before?.[Symbol.asyncDispose]();
  }

  stored(): SharedProxy<Jar> | undefined {
    return this.#guest;
  }

  empty(): void {
    void this.#guest?.[Symbol.asyncDispose]();
    this.#guest = undefined;
  }
}
