import { isDeepStrictEqual } from 'node:util';
import type { Manager } from '../../libs/manager/src/client/index.js';
import type { SharedProxy } from '../../libs/manager/src/definition/index.js';
import { Trap } from './traps.js';

const VALUE = { list: [1, 'two', new Map([['k', new Date(5)]])], big: 2n ** 80n };

/** An application that works on, whatever others do. `wrong` takes what went wrong, where nothing may. */
export class Honest {
  readonly started: Promise<void>;
  added = 0;
  calls = 0;
  readonly #manager: Manager;
  readonly #name: string;
  readonly #wrong: string[] | undefined;
  #start: () => void = () => undefined;
  #stop: () => void = () => undefined;
  readonly #stopped: Promise<void>;
  #over = false;

  constructor(manager: Manager, name: string, wrong: string[] | undefined) {
    this.#manager = manager;
    this.#name = name;
    this.#wrong = wrong;
    this.started = new Promise((resolve) => (this.#start = resolve));
    this.#stopped = new Promise((resolve) => (this.#stop = resolve));
  }

  stop(): void {
    this.#over = true;
    this.#stop();
  }

  /** Until it is stopped. Where something may go wrong, it begins anew whenever it does. */
  async work(): Promise<void> {
    let trap: SharedProxy<Trap> | undefined;
    while (!this.#over) {
      try {
        trap ??= await this.#manager.create(Trap, this.#name);
        this.#start();
        const round = this.#round(trap);
        // A victim may wait for what nobody will ever say.
        await (this.#wrong ? round : Promise.race([round, this.#stopped]));
        round.catch(() => undefined);
      } catch (error) {
        this.#wrong?.push(`the ${this.#name} failed: ${(error as Error).stack}`);
        trap = undefined;
        if (this.#wrong) return this.#start();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #round(trap: SharedProxy<Trap>): Promise<void> {
    const sums = await Promise.all([trap.add(1), trap.add(1)]);
    this.added += 2;
    this.#expect(sums, [this.added - 1, this.added]);
    this.#expect(await trap.echo(VALUE), VALUE);
    const child = (await trap.child()) as unknown as SharedProxy<Trap>;
    this.#expect(await child.echo('child'), 'child');
    const items: unknown[] = [];
    for await (const item of await trap.tail(3)) items.push(item);
    this.#expect(items, [0, undefined, 2]);
    await this.#manager.release(child);
    this.calls += 7;
  }

  #expect(got: unknown, wanted: unknown): void {
    if (isDeepStrictEqual(got, wanted)) return;
    this.#wrong?.push(`the ${this.#name} was told ${JSON.stringify(got)?.slice(0, 200)}`);
  }
}
