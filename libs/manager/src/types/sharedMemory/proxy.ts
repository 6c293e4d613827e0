import { types } from 'node:util';
import { shown } from '../support/shown.js';
import { closeFile, openedFile, sizeOf } from './opened.js';

/** What everything has whose state is in a block. */
export interface BlockClient {
  /** Bytes of the block: as many as it was made with. */
  size(): Promise<number>;
  /** What others attach to it by: `manager.sharedMemory({ name })`. undefined where it has no name, or not any more. */
  name(): Promise<string | undefined>;
  /**
   * Gives back the file that this proxy has open; reading and writing by it is a StateError from then on. The reference, and
   * with it the block, stays until the proxy is released, which closes the file as well. Idempotent.
   */
  close(): Promise<void>;
  /**
   * Takes the block away, and its name, as POSIX does: who has it open goes on with it, nobody else can open it, and another
   * one may have the name. Its memory is free when the last one has closed it. Without it that happens with the last
   * reference. Answers whether it was this call that took it away.
   */
  unlink(): Promise<boolean>;
}

/** A block of bytes as applications see it. */
export interface SharedMemoryClient extends BlockClient {
  /**
   * A copy of `length` bytes from `offset` on; default: all of them. Reading is no call to the server. Bytes that somebody
   * writes meanwhile may be old in part and new in part.
   *
   * @throws TypeError for what is no whole number; RangeError for bytes that the block does not have; StateError where this
   * proxy was closed, or the block unlinked before this proxy opened it; BlockUnreachableError from another machine.
   *
   * @example
   * ```ts
   * const head = await block.read(0, 16);
   * const width = head.readUInt32LE(0);
   * ```
   */
  read(offset?: number, length?: number): Promise<Buffer>;
  /**
   * Fills `target` with the bytes from `offset` on (default: 0). For who reads much and often: `read` makes a new Buffer each
   * time, which somebody has to collect.
   *
   * @throws TypeError for what are no bytes; otherwise as `read`.
   */
  readInto(target: ArrayBufferView | ArrayBuffer, offset?: number): Promise<void>;
  /**
   * Puts bytes at `offset`, as no call to the server either. Leave them alone until it has resolved.
   *
   * @throws TypeError for what are no bytes; otherwise as `read`. Nothing was written then.
   *
   * @example
   * ```ts
   * await block.write(16, Buffer.from('ready'));
   * ```
   */
  write(offset: number, bytes: ArrayBufferView | ArrayBuffer): Promise<void>;
}

/** Members that run in the application, of all whose state is in a block. */
export abstract class BlockMembers {
  size(): Promise<number> {
    return sizeOf(this);
  }

  async close(): Promise<void> {
    closeFile(this);
  }
}

/** The members of blocks of bytes that run in the application. */
export class SharedMemoryMembers extends BlockMembers {
  async read(offset = 0, length?: number): Promise<Buffer> {
    const from = whole(offset, 'read', 'offset');
    const wanted = length === undefined ? undefined : whole(length, 'read', 'length');
    const file = await openedFile(this, 'read');
    expectWithin(from, wanted ?? 0, file.size, 'read');
    return file.read(from, wanted ?? file.size - from);
  }

  async readInto(target: ArrayBufferView | ArrayBuffer, offset = 0): Promise<void> {
    const from = whole(offset, 'readInto', 'offset');
    const bytes = bytesOf(target, 'readInto');
    const file = await openedFile(this, 'read');
    expectWithin(from, bytes.length, file.size, 'readInto');
    await file.readInto(bytes, from);
  }

  async write(offset: number, bytes: ArrayBufferView | ArrayBuffer): Promise<void> {
    const at = whole(offset, 'write', 'offset');
    const given = bytesOf(bytes, 'write');
    const file = await openedFile(this, 'write');
    expectWithin(at, given.length, file.size, 'write');
    await file.write(at, given);
  }
}

function whole(value: unknown, member: string, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${member}() takes a whole number of bytes as its ${what}, got ${shown(value)}.`);
  }
  if (value >= 0) return value;
  throw new RangeError(`The ${what} of ${member}() is 0 or more, got ${value}.`);
}

function expectWithin(offset: number, length: number, size: number, member: string): void {
  if (offset + length <= size) return;
  throw new RangeError(`${member}() was asked for ${length} bytes at ${offset}, and the block has ${size} bytes.`);
}

function bytesOf(value: unknown, member: string): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  const hint = typeof value === 'string' ? '; of a text they are Buffer.from(text)' : '';
  throw new TypeError(
    `${member}() takes bytes (a Buffer, a typed array, a DataView or an ArrayBuffer)${hint}, got ${shown(value)}.`,
  );
}
