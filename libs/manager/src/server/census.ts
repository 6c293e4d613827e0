import { inspect } from 'node:util';
import { debugState } from '../definition/index.js';
import { copyValue, DEFAULT_LIMITS } from '../protocol/index.js';
import type { CensusPosition, HolderDebugInfo, ObjectDebugInfo } from '../protocol/index.js';
import type { Holder, HostedObject } from './object-table.js';

const PREVIEW = 75;

/** A page of the census: what was told, and where the next one goes on, if there is more. */
export interface CensusPage {
  objects: ObjectDebugInfo[];
  next?: CensusPosition;
}

/**
 * The census from `position` on, in about so many bytes: a hundred thousand objects, or one with as many holders, must
 * neither exceed what a message may have nor keep the event loop for as long as all of it takes. `objects` are in the order
 * of their ids. Each page is exact when it is made; what changes between two may be missing.
 */
export function census(objects: Iterable<HostedObject>, position: CensusPosition, bytes: number): CensusPage {
  const page: CensusPage = { objects: [] };
  let left = bytes;
  for (const object of objects) {
    if (object.id < position.id) continue;
    if (left <= 0) return { ...page, next: { id: object.id, holders: 0 } };
    const row = describeObject(object);
    page.objects.push(row);
    left -= sizeOf(row);
    let told = object.id === position.id ? position.holders : 0;
    for (const holder of holdersOf(object, told)) {
      // One at least: a page that got nowhere would be asked for again and again.
      if (left <= 0 && row.holders.length > 0) return { ...page, next: { id: object.id, holders: told } };
      row.holders.push(holder);
      left -= sizeOf(holder);
      told++;
    }
  }
  return page;
}

function* holdersOf(object: HostedObject, told: number): Generator<HolderDebugInfo> {
  let index = 0;
  for (const holder of object.holders) if (index++ >= told) yield describeHolder(holder);
  if (object.calls > 0 && index >= told) yield { kind: 'call', running: object.calls };
}

function describeHolder(holder: Holder): HolderDebugInfo {
  return { kind: holder.kind, since: holder.since, ...holder.describe() };
}

function describeObject(object: HostedObject): ObjectDebugInfo {
  return {
    id: object.id,
    typeid: object.type.typeid,
    ...(object.name !== undefined && { name: object.name }),
    createdAt: object.createdAt,
    preview: preview(object.instance),
    ...stateOf(object.instance),
    holders: [],
  };
}

function stateOf(instance: object): { state?: Record<string, unknown> } {
  const tell = (instance as { [debugState]?: unknown })[debugState];
  if (typeof tell !== 'function') return {};
  try {
    const state = copyValue([Reflect.apply(tell, instance, [])], DEFAULT_LIMITS, () => undefined, 'state')[0];
    return { state: state as Record<string, unknown> };
  } catch (error) {
    // A mistake in one type must not take the census from whoever looks for it.
    return { state: { error: String(error) } };
  }
}

function preview(instance: object): string {
  try {
    return inspect(instance, { depth: 0, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 40 }).slice(
      0,
      PREVIEW,
    );
  } catch {
    // A class may have an inspect function of its own, and it may throw: the census must not fail for that.
    return '(cannot be shown)';
  }
}

/** The most bytes that a row takes in a message. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 5 + value.length * 3;
  if (typeof value !== 'object' || value === null) return 9;
  let bytes = 5;
  for (const [key, item] of Object.entries(value)) bytes += 2 + key.length + sizeOf(item);
  return bytes;
}
