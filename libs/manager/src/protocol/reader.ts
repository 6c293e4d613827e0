import { ExtensionType, MAX_BIGINT_BYTES } from './extensions.js';
import { ProtocolError } from './errors.js';
import { NodeIndex, buildGraph } from './graph.js';
import { boxedFrom, viewFrom } from './leaves.js';
import { bigintFrom } from './primitives.js';
import { WireReference } from './reference.js';
import { readString } from './strings.js';
import { reviveErrorValue } from './wire-errors.js';

/** Arrays are allocated ahead up to this length only: a length is four bytes, and nested ones would add up to any memory. */
const PREALLOCATED = 1024;

/**
 * Reads MessagePack, and of it what we write: no records, no pointers, no extension that is not in our table.
 *
 * Not msgpackr's decoder: its extensions are one table for all its users in the process, hostile bytes may define records
 * (compiled with `new Function`) and pointers in it and cannot be told not to, it bounds no depth, it renames `__proto__`, loses a leading
 * U+FEFF, and hands bytes to a native addon. What it writes is read here, which the tests hold against each other.
 */
export class Reader {
  private position = 0;
  private level = 0;
  private view: DataView | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly maxDepth: number,
    private readonly resolve: (reference: WireReference) => unknown,
  ) {}

  get done(): boolean {
    return this.position >= this.bytes.length;
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

  private uint(size: 1 | 2 | 4): number {
    const bytes = this.bytes;
    const at = this.take(size);
    if (size === 1) return bytes[at]!;
    if (size === 2) return (bytes[at]! << 8) | bytes[at + 1]!;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  private data(size: number): DataView {
    this.take(size);
    return (this.view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength));
  }

  /** Moves on by `length` bytes that must be there, and says where they begin. */
  private take(length: number): number {
    const start = this.position;
    const end = start + length;
    if (end > this.bytes.length) throw truncated();
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
      // A small array has room for its holes already; a large one grows over them.
      if (this.bytes[this.position] === 0xd4 && this.isHole()) array.length = Math.max(array.length, i + 1);
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
      if (key === '__proto__') defineOwn(object, key, value);
      else object[key] = value;
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
  private descend(items: number): void {
    if (items > this.bytes.length - this.position) throw truncated();
    if (++this.level > this.maxDepth) throw new ProtocolError(`A value is nested deeper than ${this.maxDepth} levels`);
  }

  private isHole(): boolean {
    if (this.bytes[this.position + 1] !== ExtensionType.hole || this.bytes[this.position + 2] !== 0) return false;
    this.position += 3;
    return true;
  }

  /** `d4 <type> 00`: an extension that is its type alone, or one whose content follows. */
  private tag(): unknown {
    const start = this.take(2);
    const type = this.bytes[start]!;
    if (this.bytes[start + 1] !== 0) {
      // The only one with a byte of its own: a bigint never is this short, a view of one byte is empty.
      if (type === ExtensionType.view) return malformed(viewFrom(this.bytes.subarray(start + 1, start + 2)), 'view');
      throw new ProtocolError(`Unknown extension ${type}`);
    }
    switch (type) {
      case ExtensionType.undefined:
        return undefined;
      case ExtensionType.negativeZero:
        return -0;
      case ExtensionType.reference:
        return this.reference();
      case ExtensionType.graph:
        return this.graph();
      case ExtensionType.map:
        return this.map();
      case ExtensionType.set:
        return new Set(this.content());
      case ExtensionType.error:
        return malformed(reviveErrorValue(this.read()), 'error');
      case ExtensionType.regexp:
        return this.regexp();
      case ExtensionType.boxed:
        return malformed(boxedFrom(this.read()), 'boxed primitive');
      case ExtensionType.entries:
        return this.entries();
      case ExtensionType.view:
        return malformed(viewFrom(this.bytes.subarray(start + 1, start + 2)), 'view');
      default:
        throw new ProtocolError(`Unknown extension ${type}`);
    }
  }

  private extension(length: number): unknown {
    const type = this.uint(1);
    const start = this.take(length);
    const bytes = this.bytes.subarray(start, start + length);
    switch (type) {
      case ExtensionType.date:
        if (length !== 8) break;
        return new Date(this.data(0).getFloat64(start));
      case ExtensionType.bigint:
        if (length > MAX_BIGINT_BYTES) break;
        return bigintFrom(bytes);
      case ExtensionType.view:
        if (length === 0) break;
        return malformed(viewFrom(bytes), 'view');
      case ExtensionType.utf16:
        if (length % 2 !== 0) break;
        return bytes.toString('utf16le');
    }
    throw new ProtocolError(`Unknown extension ${type} of ${length} bytes`);
  }

  private content(): unknown[] {
    const content = this.read();
    if (!Array.isArray(content)) throw new ProtocolError('The content of an extension is not an array');
    return content;
  }

  private reference(): unknown {
    const [typeid, id, grant] = this.content();
    if (typeof typeid !== 'string' || !Number.isSafeInteger(id) || !Number.isSafeInteger(grant)) {
      throw new ProtocolError('Malformed reference');
    }
    return this.resolve(new WireReference(typeid, id as number, grant as number));
  }

  private map(): Map<unknown, unknown> {
    const content = this.content();
    if (content.length % 2 !== 0) throw new ProtocolError('Malformed Map');
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < content.length; i += 2) map.set(content[i], content[i + 1]);
    return map;
  }

  private entries(): object {
    const content = this.content();
    if (content.length % 2 !== 0) throw new ProtocolError('Malformed object');
    const object = {};
    for (let i = 0; i < content.length; i += 2) {
      const key = content[i];
      if (typeof key !== 'string') throw new ProtocolError('A key is not a string');
      defineOwn(object, key, content[i + 1]);
    }
    return object;
  }

  private regexp(): RegExp {
    const [source, flags] = this.content();
    if (typeof source !== 'string' || typeof flags !== 'string') throw new ProtocolError('Malformed RegExp');
    try {
      return new RegExp(source, flags);
    } catch (cause) {
      throw new ProtocolError('Malformed RegExp', { cause });
    }
  }

  private graph(): unknown {
    const nodes: unknown[][] = [];
    const count = this.arrayLength();
    this.descend(count);
    for (let i = 0; i < count; i++) {
      const length = this.arrayLength();
      this.descend(length);
      const node: unknown[] = [];
      for (let j = 0; j < length; j++) {
        if (this.bytes[this.position] === 0xd4 && this.isHole()) node.length = j + 1;
        else node[j] = this.nodeIndex() ?? this.read();
      }
      this.level--;
      nodes.push(node);
    }
    this.level--;
    return (malformed(buildGraph(nodes), 'graph') as { value: unknown }).value;
  }

  private nodeIndex(): NodeIndex | undefined {
    if (this.bytes[this.position] !== 0xd6 || this.bytes[this.position + 1] !== ExtensionType.node) return undefined;
    this.take(2);
    return new NodeIndex(this.uint(4));
  }

  private arrayLength(): number {
    const token = this.uint(1);
    if (token >= 0x90 && token < 0xa0) return token & 0x0f;
    if (token === 0xdc) return this.uint(2);
    if (token === 0xdd) return this.uint(4);
    throw new ProtocolError('The table of a graph is not an array');
  }
}

function malformed(value: unknown, what: string): unknown {
  if (value === undefined) throw new ProtocolError(`Malformed ${what}`);
  return value;
}

function truncated(): ProtocolError {
  return new ProtocolError('The bytes end within a value');
}

function defineOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
