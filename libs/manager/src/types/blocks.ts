import { randomBytes } from 'node:crypto';
import { remote, type AnyProxy, type SharedClass, type SharedProxy } from '../definition/index.js';
import { KeyNotFoundError, StateError, type KeepOption } from '../protocol/index.js';
import { ShareableList } from './shareableList/referent.js';
import type { ShareableItem } from './shareableList/slots.js';
import { askedPlace, openAt } from './sharedMemory/opened.js';
import { SharedMemory } from './sharedMemory/referent.js';
import { carried } from './support/carried.js';
import type { Items } from './support/operands.js';
import { checkOptions } from './support/options.js';
import { shown } from './support/shown.js';

/** How a new block gets a name. */
export interface BlockOptions {
  /** Under which others attach to it. @default a random one, which its `name()` tells */
  name?: string;
  /**
   * How long a name that was given holds the block: see `named`. @default 'always': until `unlink` or the end of its server
   */
  keep?: KeepOption;
}

/** Nothing can be given where `T` cannot be stored; a constraint would have `['a']` taken for items that are `'a'`. */
type ItemsOnly<T> = [T] extends [ShareableItem] ? unknown : never;

/** The creators of what is in shared memory, under a name: they give what has it, made by the first who asks. */
export interface NamedBlockCreators {
  /** A block of `size` bytes (1 or more), zeros at first. */
  sharedMemory(size: number): Promise<SharedProxy<SharedMemory>>;
  /** A list of these items, of a fixed length: numbers, bigints of 64 bits, booleans, strings, bytes, null. */
  shareableList<T = ShareableItem>(values: Items<T> & ItemsOnly<T>): Promise<SharedProxy<ShareableList<T>>>;
}

/**
 * The creators of what is in shared memory: the applications of one machine read and write it without the server. They throw
 * what `create` throws, and BlockUnreachableError where the server is on another machine.
 */
export interface BlockCreators {
  /**
   * The block of this name, which somebody has made.
   *
   * @throws KeyNotFoundError where there is none.
   */
  sharedMemory(existing: { name: string }): Promise<SharedProxy<SharedMemory>>;
  /**
   * A new block of `size` bytes (1 or more), zeros at first.
   *
   * @throws StateError where the name is taken; TypeError and RangeError for what is no size; RangeError and OverloadedError
   * where the server's limits, or the machine, have no room for it.
   */
  sharedMemory(size: number, options?: BlockOptions): Promise<SharedProxy<SharedMemory>>;
  /**
   * The list of this name, which somebody has made.
   *
   * @throws KeyNotFoundError where there is none.
   */
  shareableList<T = ShareableItem>(existing: { name: string }): Promise<SharedProxy<ShareableList<T>>>;
  /**
   * A new list of these items, of a fixed length: numbers, bigints of 64 bits, booleans, strings, bytes, null.
   *
   * @throws as `sharedMemory(size)`, and TypeError for items that cannot be stored.
   */
  shareableList<T = ShareableItem>(
    values: Items<T> & ItemsOnly<T>,
    options?: BlockOptions,
  ): Promise<SharedProxy<ShareableList<T>>>;
}

type AnyClass = SharedClass<unknown, never>;
type Create = (type: AnyClass, ...args: unknown[]) => Promise<AnyProxy>;

/** What the creators are put on: those of a name have nothing but `create`. */
interface Creating {
  create: Create;
  find?(type: AnyClass, name: string): Promise<AnyProxy | undefined>;
  named?(name: string, options: { keep?: KeepOption; rebind: boolean }): { create: Create };
}

const classes = { sharedMemory: SharedMemory, shareableList: ShareableList };

/** Gives creators of what is in shared memory to a class that can create. */
export function addBlocks(prototype: object): void {
  for (const [member, type] of Object.entries(classes) as [string, AnyClass][]) {
    const value = async function (this: Creating, first: unknown, given?: unknown): Promise<unknown> {
      if (!this.named || !this.find) return get(this, member, type, first, given);
      const name = member === 'sharedMemory' || isExisting(first) ? nameIn(first) : undefined;
      if (name === undefined) return make(this, member, type, first, given);
      if (given === undefined) return attach(this, member, type, name);
      throw new TypeError(
        `${member}({ name }) attaches to what is there, and takes nothing more. To make it: manager.${member}(${member === 'sharedMemory' ? 'size' : 'items'}, { name }).`,
      );
    };
    Object.defineProperty(value, 'name', { value: member });
    Object.defineProperty(prototype, member, { value, writable: true, configurable: true });
  }
}

/**
 * The file is opened at once: who cannot reach it hears so here, and takes away what is there by `made`, this very creation.
 * Nobody has it yet, and its name would be taken for good.
 */
async function opened<P extends AnyProxy>(proxy: P, made?: string, taken?: () => Error): Promise<P> {
  try {
    const place = await askedPlace(proxy);
    const isOurs = made !== undefined && place.made === made;
    if (taken && !isOurs) throw taken();
    await openAt(proxy, place).catch(async (error: unknown) => {
      if (isOurs)
        await remote<SharedMemory>(proxy, {})
          .unlink()
          .catch(() => undefined);
      throw error;
    });
    return proxy;
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
}

async function get(named: Creating, member: string, type: AnyClass, first: unknown, given: unknown): Promise<unknown> {
  if (given !== undefined || isExisting(first)) {
    throw new TypeError(
      `${member}() after named(name) takes ${member === 'sharedMemory' ? 'a size' : 'items'} and no more. To attach to what ` +
        `is there: manager.${member}({ name }).`,
    );
  }
  const made = madeNow();
  return opened(await named.create(type, carried(first), made), made);
}

async function make(
  creators: Creating,
  member: string,
  type: AnyClass,
  first: unknown,
  given: unknown,
): Promise<unknown> {
  const { name, keep } = checkOptions(given, ['name', 'keep'], member) as BlockOptions;
  if (name === undefined && keep !== undefined) {
    throw new TypeError(
      `${member}() takes \`keep\` together with \`name\`: what has no name lasts as long as its references.`,
    );
  }
  const made = madeNow();
  // The proxy stays with this very block: another one of the name has other content.
  const options =
    name === undefined ? { keep: 'referenced' as const, rebind: false } : { ...(keep && { keep }), rebind: false };
  const proxy = await creators.named!(name ?? `block-${made}`, options).create(type, carried(first), made);
  const taken = (): Error =>
    new StateError(`The name "${name}" is taken. To attach to what has it: manager.${member}({ name }).`);
  return opened(proxy, made, taken);
}

function madeNow(): string {
  return randomBytes(12).toString('base64url');
}

async function attach(creators: Creating, member: string, type: AnyClass, name: string): Promise<unknown> {
  const found = await creators.find!(type, name);
  if (found) return opened(found);
  throw new KeyNotFoundError(
    `Nothing in shared memory has the name ${shown(name)}. To make it: manager.${member}(${member === 'sharedMemory' ? 'size' : 'items'}, { name }).`,
  );
}

/** `{ name }`, which is neither a size nor items. */
function isExisting(first: unknown): boolean {
  return typeof first === 'object' && first !== null && Object.getPrototypeOf(first) === Object.prototype;
}

function nameIn(first: unknown): string | undefined {
  if (!isExisting(first)) return undefined;
  return checkOptions(first, ['name'], 'Attaching').name as string;
}
