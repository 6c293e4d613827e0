// Shared objects that hold others, each in a way of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { keep, SharedType, type SharedProxy } from 'nestjs-manager';
import { note } from './types.js';

/** What these tests put into containers. It notes how often it was disposed of. */
@SharedType()
export class Treasure {
  readonly #label: string;

  constructor(label: string) {
    this.#label = label;
  }

  label(): string {
    return this.#label;
  }

  /** Something new, made by whichever server hosts this. */
  part(name: string): Treasure {
    return new Treasure(`${this.#label}/${name}`);
  }

  itself(): this {
    return this;
  }

  onSharedDispose(): void {
    note(`disposed ${this.#label}`);
  }
}

/** Whatever may stand in a container: the calls of these tests go to the methods of all of them. */
type Held = SharedProxy<object>;

/** As a list holds: in order. */
@SharedType()
export class Shelf {
  readonly #label: string;
  readonly #items: Held[];

  constructor(label: string, ...items: Held[]) {
    this.#label = label;
    this.#items = items.map((item) => keep(item));
  }

  push(...items: Held[]): number {
    return this.#items.push(...items.map((item) => keep(item)));
  }

  pop(): Held | undefined {
    const item = this.#items.pop();
    void item?.[Symbol.asyncDispose]();
    return item;
  }

  at(index: number): Held | undefined {
    return this.#items.at(index);
  }

  all(): Held[] {
    return this.#items;
  }

  labels(): Promise<string[]> {
    return Promise.all(this.#items.map((item) => (item as SharedProxy<Treasure>).label()));
  }

  /** What each of them makes when it is asked from here. */
  parts(name: string): Promise<SharedProxy<Treasure>[]> {
    return Promise.all(this.#items.map((item) => (item as SharedProxy<Treasure>).part(name)));
  }

  length(): number {
    return this.#items.length;
  }

  clear(): void {
    while (this.#items.length > 0) this.pop();
  }

  /** As who forgets to dispose: the collector lets go. */
  lose(): void {
    this.#items.length = 0;
  }

  onSharedDispose(): void {
    note(`disposed ${this.#label}`);
  }
}

/** As a map holds: by key; what stood there is let go. */
@SharedType()
export class Atlas {
  readonly #label: string;
  readonly #items = new Map<string, Held>();

  constructor(label: string) {
    this.#label = label;
  }

  set(key: string, item: Held): void {
    this.delete(key);
    this.#items.set(key, keep(item));
  }

  /** Under a key of its own making. */
  add(item: Held): void {
    this.set(`item ${this.#items.size}`, item);
  }

  get(key: string): Held | undefined {
    return this.#items.get(key);
  }

  delete(key: string): boolean {
    void this.#items.get(key)?.[Symbol.asyncDispose]();
    return this.#items.delete(key);
  }

  keys(): string[] {
    return [...this.#items.keys()];
  }

  onSharedDispose(): void {
    note(`disposed ${this.#label}`);
  }
}

/** As a graph holds: others of its kind, which it calls. */
@SharedType()
export class Spot {
  readonly #links: SharedProxy<Spot>[] = [];

  link(other: SharedProxy<Spot>): void {
    this.#links.push(keep(other));
  }

  unlink(): SharedProxy<Spot> | undefined {
    const other = this.#links.shift();
    void other?.[Symbol.asyncDispose]();
    return other;
  }

  links(): SharedProxy<Spot>[] {
    return this.#links;
  }

  /** How many are met within so many steps, itself included; some perhaps twice. */
  async visit(steps: number): Promise<number> {
    if (steps === 0) return 1;
    const met = await Promise.all(this.#links.map((other) => other.visit(steps - 1)));
    return met.reduce((sum, count) => sum + count, 1);
  }

  onSharedDispose(): void {
    note('disposed a spot');
  }
}

/** Gives one thing after another. */
@SharedType()
export class Source {
  *numbers(count: number): Generator<number> {
    for (let i = 0; i < count; i++) yield i;
  }

  async *treasures(count: number, every = 0): AsyncGenerator<Treasure> {
    for (let i = 0; i < count; i++) {
      if (every > 0) await sleep(every);
      yield new Treasure(`of a source`);
    }
  }
}
