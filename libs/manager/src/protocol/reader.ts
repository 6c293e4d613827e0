import { ExtensionType, MAX_BIGINT_BYTES, MAX_REGEXP_SOURCE } from './extensions.js';
import { ProtocolError } from './errors.js';
import { NodeIndex, buildGraph, isDeeper } from './graph.js';
import { boxedFrom, viewFrom } from './leaves.js';
import { MessagePackReader } from './msgpack-reader.js';
import { defineOwn } from './own.js';
import { bigintFrom } from './primitives.js';
import { WireReference } from './reference.js';
import { reviveErrorValue } from './wire-errors.js';

/** Ms that the regular expressions of one frame may take: a few bytes can make the engine work for as long as a megabyte of text. */
const REGEXP_TIME = 250;

/** Reads values: MessagePack and the extensions of our table, no others. */
export class Reader extends MessagePackReader {
  /** Ms that the regular expressions took which were read so far. */
  private regexpTime = 0;

  constructor(
    bytes: Buffer,
    position: number,
    maxDepth: number,
    private readonly fromWire?: (reference: WireReference) => unknown,
  ) {
    super(bytes, position, maxDepth);
  }

  protected override reset(bytes: Buffer, position: number): void {
    super.reset(bytes, position);
    this.regexpTime = 0;
  }

  protected resolve(reference: WireReference): unknown {
    return this.fromWire?.(reference);
  }

  protected override tag(): unknown {
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

  protected override extension(length: number): unknown {
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
    const [typeid, id, grant, ticket] = this.content();
    const sound = typeof typeid === 'string' && Number.isSafeInteger(id) && Number.isSafeInteger(grant);
    if (!sound || (ticket !== undefined && typeof ticket !== 'string')) throw new ProtocolError('Malformed reference');
    return this.resolve(new WireReference(typeid, id as number, grant as number, ticket));
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
    if (source.length > MAX_REGEXP_SOURCE || this.regexpTime > REGEXP_TIME) {
      throw new ProtocolError('Regular expressions that take too long to make');
    }
    const since = performance.now();
    try {
      return new RegExp(source, flags);
    } catch (cause) {
      throw new ProtocolError('Malformed RegExp', { cause });
    } finally {
      this.regexpTime += performance.now() - since;
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
    const { value } = malformed(buildGraph(nodes), 'graph') as { value: unknown };
    if (isDeeper(nodes, this.maxDepth - this.level)) throw this.tooDeep();
    return value;
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
