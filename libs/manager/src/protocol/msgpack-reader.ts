import { ProtocolError } from './errors.js';
import { ExtensionType } from './extensions.js';
import { assignOwn } from './own.js';
import { readString } from './strings.js';

/** Arrays are allocated ahead up to this length only: a length is four bytes, and nested ones would add up to any memory. */
const PREALLOCATED = 1024;

/**
 * Reads MessagePack. What its extensions mean is said in `reader.ts`.
 *
 * Not msgpackr's decoder: its extensions are one table for all its users in the process; hostile bytes may define records
 * (compiled with `new Function`) and pointers in it, which cannot be switched off; it bounds no depth, renames `__proto__`,
 * loses a leading U+FEFF, and hands bytes to a native addon. What msgpackr writes is read here; a test holds the two together.
 */
export abstract class MessagePackReader {
  protected level = 0;
  /** What is read ends here. */
  protected end: number;
  private view: DataView | undefined;

  constructor(
    protected bytes: Buffer,
    protected position: number,
    protected readonly maxDepth: number,
  ) {
    this.end = bytes.length;
  }

  /** Begins to read other bytes: making a reader takes longer than what it reads of most frames. */
  protected reset(bytes: Buffer, position: number): void {
    this.bytes = bytes;
    this.position = position;
    this.end = bytes.length;
    this.level = 0;
    this.view = undefined;
  }

  /** `d4 <type> 00`: an extension that is its type alone, or one whose content follows. The position is at the type. */
  protected abstract tag(): unknown;
  /** Any other one, of `length` bytes. The position is at the type. */
  protected abstract extension(length: number): unknown;

  get done(): boolean {
    return this.position >= this.bytes.length;
  }
  /** Reads one value that has at most so many bytes. */
  readAtMost(bytes: number): unknown {
    this.end = Math.min(this.bytes.length, this.position + bytes);
    const value = this.read();
    this.end = this.bytes.length;
    return value;
  }
  get offset(): number {
    return this.position;
  }

  read(): unknown {
    const bytes = this.bytes;
    const token = bytes[this.position++];
    if (token === undefined) throw truncated();
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.object(token & 0x0f);
    if (token < 0xa0) return this.array(token & 0x0f);
    if (token < 0xc0) return this.string(token & 0x1f);
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.binary(this.uint(1));
      case 0xc5:
        return this.binary(this.uint(2));
      case 0xc6:
        return this.binary(this.uint(4));
      case 0xc7:
        return this.extension(this.uint(1));
      case 0xc8:
        return this.extension(this.uint(2));
      case 0xc9:
        return this.extension(this.uint(4));
      case 0xca:
        return this.data(4).getFloat32(this.position - 4);
      case 0xcb:
        return this.data(8).getFloat64(this.position - 8);
      case 0xcc:
        return this.uint(1);
      case 0xcd:
        return this.uint(2);
      case 0xce:
        return this.uint(4);
      case 0xcf:
        return this.data(8).getBigUint64(this.position - 8);
      case 0xd0:
        return this.data(1).getInt8(this.position - 1);
      case 0xd1:
        return this.data(2).getInt16(this.position - 2);
      case 0xd2:
        return this.data(4).getInt32(this.position - 4);
      case 0xd3:
        return this.data(8).getBigInt64(this.position - 8);
      case 0xd4:
        return this.tag();
      case 0xd6:
        return this.extension(4);
      case 0xd7:
        return this.extension(8);
      case 0xd5:
        return this.extension(2);
      case 0xd8:
        return this.extension(16);
      case 0xd9:
        return this.string(this.uint(1));
      case 0xda:
        return this.string(this.uint(2));
      case 0xdb:
        return this.string(this.uint(4));
      case 0xdc:
        return this.array(this.uint(2));
      case 0xdd:
        return this.array(this.uint(4));
      case 0xde:
        return this.object(this.uint(2));
      case 0xdf:
        return this.object(this.uint(4));
      default:
        throw new ProtocolError(`Byte 0x${token.toString(16)} begins no value`);
    }
  }

  protected uint(size: 1 | 2 | 4): number {
    const bytes = this.bytes;
    const at = this.take(size);
    if (size === 1) return bytes[at]!;
    if (size === 2) return (bytes[at]! << 8) | bytes[at + 1]!;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  protected data(size: number): DataView {
    this.take(size);
    return (this.view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength));
  }

  /** Moves on by `length` bytes that must be there, and says where they begin. */
  protected take(length: number): number {
    const start = this.position;
    const end = start + length;
    if (end > this.end) throw truncated();
    this.position = end;
    return start;
  }

  private string(length: number): string {
    return readString(this.bytes, this.take(length), length);
  }

  /** A copy: a few bytes must not keep a whole frame alive, nor change with it. */
  private binary(length: number): Buffer {
    const start = this.take(length);
    const copy = Buffer.allocUnsafeSlow(length);
    copy.set(this.bytes.subarray(start, start + length));
    return copy;
  }

  private array(length: number): unknown[] {
    this.descend(length);
    const array: unknown[] = length <= PREALLOCATED ? new Array<unknown>(length) : [];
    for (let i = 0; i < length; i++) {
      const token = this.bytes[this.position]!;
      if (token < 0x80) {
        array[i] = token;
        this.position++;
      }
      // A small array has room for its holes already; a large one grows over them.
      else if (token === 0xd4 && this.isHole()) array.length = Math.max(array.length, i + 1);
      else array[i] = this.read();
    }
    this.level--;
    return array;
  }

  private object(size: number): Record<string, unknown> {
    this.descend(size * 2);
    const object: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const key = this.key();
      const value = this.read();
      assignOwn(object, key, value);
    }
    this.level--;
    return object;
  }

  private key(): string {
    const token = this.bytes[this.position];
    if (token !== undefined && token >= 0xa0 && token < 0xc0) {
      this.position++;
      return this.string(token & 0x1f);
    }
    if (token === undefined || token < 0xd9 || token > 0xdb) throw new ProtocolError('A key is not a string');
    return this.read() as string;
  }

  /** Enters a container of `items` values, each of which takes a byte at least. */
  protected descend(items: number): void {
    if (items > this.end - this.position) throw truncated();
    if (++this.level > this.maxDepth) throw this.tooDeep();
  }

  protected tooDeep(): ProtocolError {
    return new ProtocolError(`A value is nested deeper than ${this.maxDepth} levels`);
  }

  protected isHole(): boolean {
    if (this.bytes[this.position + 1] !== ExtensionType.hole || this.bytes[this.position + 2] !== 0) return false;
    this.position += 3;
    return true;
  }
}

function truncated(): ProtocolError {
  return new ProtocolError('The bytes end within a value');
}
