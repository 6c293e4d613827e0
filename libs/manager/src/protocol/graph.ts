import { types } from 'node:util';
import { Extension, ExtensionType, HOLE, tag } from './extensions.js';
import { assignOwn } from './own.js';
import { preparePrimitive } from './primitives.js';

/**
 * The form of a value in which some object stands at more than one place, cycles included: a flat table of nodes, each an
 * array that begins with its code. Node 0 is the value. Where an object stands in another, its index stands instead.
 *
 * Every object becomes a node, not only those met twice: the walk that finds the repetition has no need to remember where.
 */
export const NodeCode = {
  /** items; holes as `ExtensionType.hole` */
  array: 0,
  /** key, value, key, value, ... */
  object: 1,
  map: 2,
  set: 3,
  /** one value: a Date, an error, bytes ... */
  leaf: 4,
} as const;

/** `leafOf` says what stands for an object that is not taken apart. Iterative: depth was checked by who calls. */
export function prepareGraph(root: object, leafOf: (value: object) => Extension | undefined): Extension {
  const indices = new Map<object, number>();
  const queue: object[] = [];
  const indexOf = (value: object): number => {
    let index = indices.get(value);
    if (index === undefined) {
      index = queue.push(value) - 1;
      indices.set(value, index);
    }
    return index;
  };
  const part = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return preparePrimitive(value, () => 'value');
    return nodeIndex(indexOf(value));
  };
  indexOf(root);
  const nodes: unknown[][] = [];
  // The queue grows while it is worked off.
  for (let i = 0; i < queue.length; i++) nodes.push(node(queue[i]!, part, leafOf));
  return tag(ExtensionType.graph, nodes);
}

function node(
  value: object,
  part: (value: unknown) => unknown,
  leafOf: (value: object) => Extension | undefined,
): unknown[] {
  const leaf = leafOf(value);
  if (leaf !== undefined) return [NodeCode.leaf, leaf];
  const content: unknown[] = [];
  if (Array.isArray(value)) {
    content.push(NodeCode.array);
    for (let i = 0; i < value.length; i++) content.push(i in value ? part(value[i]) : HOLE);
  } else if (types.isMap(value)) {
    content.push(NodeCode.map);
    for (const [key, item] of Map.prototype.entries.call(value) as IterableIterator<[unknown, unknown]>) {
      content.push(part(key), part(item));
    }
  } else if (types.isSet(value)) {
    content.push(NodeCode.set);
    for (const item of Set.prototype.values.call(value) as IterableIterator<unknown>) content.push(part(item));
  } else {
    content.push(NodeCode.object);
    for (const key of Object.keys(value)) content.push(part(key), part((value as Record<string, unknown>)[key]));
  }
  return content;
}

function nodeIndex(index: number): Extension {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, index);
  return new Extension(ExtensionType.node, bytes);
}

/** Index of a node, as it stands in the table while the table is read. */
export class NodeIndex {
  constructor(readonly index: number) {}
}

/** Undefined where the table is not one: then the bytes are not of this protocol. */
export function buildGraph(nodes: readonly (readonly unknown[])[]): { value: unknown } | undefined {
  const shells: unknown[] = [];
  for (const content of nodes) {
    if (content[0] === NodeCode.leaf && (content.length !== 2 || content[1] instanceof NodeIndex)) return undefined;
    const shell = shellOf(content);
    if (shell === undefined) return undefined;
    shells.push(shell.value);
  }
  const part = (value: unknown): unknown => (value instanceof NodeIndex ? shells[value.index] : value);
  for (let i = 0; i < nodes.length; i++) {
    const content = nodes[i]!;
    const outOfRange = content.some((item) => item instanceof NodeIndex && item.index >= nodes.length);
    if (outOfRange || !fill(shells[i], content, part)) return undefined;
  }
  return nodes.length === 0 ? undefined : { value: shells[0] };
}

function shellOf(content: readonly unknown[]): { value: unknown } | undefined {
  switch (content[0]) {
    case NodeCode.array:
      return { value: [] };
    case NodeCode.object:
      return { value: {} };
    case NodeCode.map:
      return { value: new Map() };
    case NodeCode.set:
      return { value: new Set() };
    case NodeCode.leaf:
      return { value: content[1] };
    default:
      return undefined;
  }
}

function fill(shell: unknown, content: readonly unknown[], part: (value: unknown) => unknown): boolean {
  const code = content[0];
  if (code === NodeCode.leaf) return true;
  if (code === NodeCode.array) {
    const array = shell as unknown[];
    array.length = content.length - 1;
    for (let i = 1; i < content.length; i++) if (i in content) array[i - 1] = part(content[i]);
    return true;
  }
  if (code === NodeCode.set) {
    for (let i = 1; i < content.length; i++) (shell as Set<unknown>).add(part(content[i]));
    return true;
  }
  if (content.length % 2 === 0) return false;
  for (let i = 1; i < content.length; i += 2) {
    const key = content[i];
    const value = part(content[i + 1]);
    if (code === NodeCode.map) (shell as Map<unknown, unknown>).set(part(key), value);
    else if (typeof key !== 'string') return false;
    else assignOwn(shell as Record<string, unknown>, key, value);
  }
  return true;
}

/**
 * Whether a table that `buildGraph` took is of a value nested deeper than `most` levels, as the walk of its sender counts
 * them: each node at the level at which it is met first. A table itself is flat, however deep its value is.
 */
export function isDeeper(nodes: readonly (readonly unknown[])[], most: number): boolean {
  const met = new Uint8Array(nodes.length);
  met[0] = 1;
  /** The nodes from the first to the one that is looked at, and how far each was read. */
  const way: { node: readonly unknown[]; next: number }[] = [{ node: nodes[0] as readonly unknown[], next: 1 }];
  for (let at = way.at(-1); at; at = way.at(-1)) {
    if (at.node[0] !== NodeCode.leaf && way.length > most) return true;
    const item = at.node[at.next++];
    if (at.next > at.node.length) way.pop();
    else if (item instanceof NodeIndex && met[item.index] === 0) {
      met[item.index] = 1;
      way.push({ node: nodes[item.index] as readonly unknown[], next: 1 });
    }
  }
  return false;
}
