import { defineFactory, keep, proxyIdentity, share, SharedType } from '../definition/index.js';
import type { AnyProxy, Shared, SharedProxy, TypeDefinition } from '../definition/index.js';
import { turns } from './house.suite.js';
import type { Manager } from './index.js';

/** What an instance of a program keeps, by the id of each object. It is what the model goes by. */
interface Slot {
  readonly proxy: AnyProxy;
  readonly id: number;
}

/** What hosted code of one program needs of it. */
export interface Ground {
  /** The server's own manager. */
  local: Manager;
  /** Every instance that was made. */
  readonly pieces: Piece[];
  /** A proxy of this object turned up: whose is it? */
  met(id: number): void;
}

let ground: Ground;

export function stand(on: Ground): void {
  ground = on;
}

export function idOf(proxy: unknown): number {
  const token = proxyIdentity(proxy as AnyProxy);
  if (!token) throw new Error('A proxy that stands for nothing.');
  ground.met(token.id);
  return token.id;
}

/** What every shared object of the programs can do. */
export abstract class Piece {
  readonly number = ground.pieces.push(this) - 1;
  /** In an array, since a proxy may be kept twice. */
  readonly slots: Slot[] = [];
  /** Every id that it was ever hosted under. */
  readonly ids = new Set<number>();
  disposals = 0;

  label(): number {
    return this.number;
  }

  onSharedDispose(): void {
    this.disposals++;
  }

  /** One message may name an object twice, and has one proxy of it: what is stored twice is held twice. */
  _put(proxy: AnyProxy, owner?: object): void {
    const again = this.slots.some((slot) => slot.proxy === proxy);
    const kept = again ? keep(ground.local.dup(proxy), this) : keep(proxy, owner);
    this.slots.push({ proxy: kept, id: idOf(proxy) });
  }

  _take(index: number): AnyProxy | undefined {
    const [slot] = this.slots.splice(index, 1);
    void slot?.proxy[Symbol.asyncDispose]();
    return slot?.proxy;
  }

  _at(index: number): AnyProxy | undefined {
    return this.slots.length === 0 ? undefined : this.slots[index % this.slots.length]?.proxy;
  }
}

export type AnyPiece = SharedProxy<Piece>;

/** As a list keeps: in order, things twice, nothing by name. */
@SharedType()
export class Bag extends Piece {
  constructor(...items: AnyPiece[]) {
    super();
    for (const item of items) this._put(item);
  }
  push(...items: AnyPiece[]): number {
    for (const item of items) this._put(item);
    return this.slots.length;
  }
  pushAndFail(item: AnyPiece): never {
    this._put(item);
    throw new RangeError('pushed, and failed');
  }
  forget(item: AnyPiece): number {
    return idOf(item);
  }
  pop(): AnyProxy | undefined {
    return this._take(this.slots.length - 1);
  }
  async shiftLater(): Promise<AnyProxy | undefined> {
    await turns(1);
    return this._take(0);
  }
  at(index: number): AnyProxy | undefined {
    return this._at(index);
  }
  all(): unknown {
    return { list: this.slots.map(({ proxy }) => proxy), me: new Map([['me', this]]) };
  }
  /** Sees changes while it goes, and gives what it was called with in the end. */
  *walk(last: AnyPiece): Generator<AnyProxy> {
    for (let i = 0; i < this.slots.length; i++) yield this.slots[i]?.proxy as AnyProxy;
    yield last;
  }
  remove(index: number): void {
    this._take(index);
  }
  clear(): void {
    while (this.slots.length > 0) this._take(0);
  }
  /** Left to the collector. */
  drop(): void {
    this.slots.pop();
  }
}

/** As a map keeps: by key, and what was there goes. */
@SharedType()
export class Register extends Piece {
  readonly #keys: string[] = [];
  set(key: string, item: AnyPiece): void {
    this.delete(key);
    this.#keys.push(key);
    this._put(item);
  }
  get(key: string): AnyProxy | undefined {
    return this.slots[this.#keys.indexOf(key)]?.proxy;
  }
  take(key: string): AnyProxy | undefined {
    const index = this.#keys.indexOf(key);
    if (index < 0) return undefined;
    this.#keys.splice(index, 1);
    return this._take(index);
  }
  delete(key: string): boolean {
    return this.take(key) !== undefined;
  }
}

/** A node of a graph, whose methods call other objects. */
class Vertex extends Piece {
  link(other: AnyPiece): void {
    this._put(other);
  }
  unlink(index: number): void {
    this._take(index);
  }
  linked(index: number): AnyProxy | undefined {
    return this._at(index);
  }
  self(): this {
    return this;
  }
  /** The same instance under another type. */
  twin(): Shared<Vertex> {
    return share(this as Vertex, 'Twin');
  }
  spawn(count: number): unknown {
    return Array.from({ length: count }, () => new Bag());
  }
  odd(): unknown {
    return [new Bag(), () => 'cannot be carried'];
  }
  /** Hands itself to another object. */
  offer(bag: SharedProxy<Bag>): Promise<number> {
    return bag.push(this as unknown as AnyPiece);
  }
  relay(bag: SharedProxy<Bag>, item: AnyPiece): Promise<number> {
    return bag.push(item, item);
  }
  async fetch(bag: SharedProxy<Bag>): Promise<AnyProxy | undefined> {
    return (await bag.pop()) as AnyProxy | undefined;
  }
  async adopt(bag: SharedProxy<Bag>): Promise<void> {
    const item = (await bag.pop()) as AnyPiece | undefined;
    await turns(1);
    if (item) this._put(item, this);
  }
  async breed(): Promise<AnyProxy> {
    const child = await ground.local.create(Register);
    this._put(child, this);
    return child;
  }
  async waste(): Promise<number> {
    const child = await ground.local.create(Register);
    return child.label();
  }
  /** A second holding of what it keeps, put into a new object. */
  async wrap(index: number): Promise<AnyProxy | undefined> {
    const item = this._at(index);
    return item && (await ground.local.create(Bag, item as AnyPiece, ground.local.dup(item) as AnyPiece));
  }
  async visit(depth: number): Promise<number> {
    const all = this.slots
      .slice(0, 4)
      .map(({ proxy }) => proxy as unknown as { visit?(depth: number): Promise<number> });
    const counts = await Promise.all(all.map(async (each) => (depth > 0 ? ((await each.visit?.(depth - 1)) ?? 0) : 0)));
    return counts.reduce((sum, count) => sum + count, 1);
  }
}

/** Knows its call throughout. */
@SharedType({ context: true })
export class Knower extends Vertex {}

/** Does not. */
@SharedType()
export class Roamer extends Vertex {}

/** Keeps what it is made with, and then cannot be made. */
@SharedType()
export class Stillborn extends Piece {
  constructor(...items: AnyPiece[]) {
    super();
    for (const item of items) keep(item);
    throw new RangeError('stillborn');
  }
}

export const TYPES: (
  TypeDefinition | typeof Bag | typeof Register | typeof Knower | typeof Roamer | typeof Stillborn
)[] = [Bag, Register, Knower, Roamer, Stillborn, defineFactory({ typeid: 'Twin', type: Vertex }, () => new Roamer())];
export type { Vertex };
