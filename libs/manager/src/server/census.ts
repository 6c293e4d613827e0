import { inspect } from 'node:util';
import type { HolderDebugInfo, ObjectDebugInfo } from '../protocol/index.js';
import type { HostedObject } from './object-table.js';

const PREVIEW = 75;

export function describeObject(object: HostedObject): ObjectDebugInfo {
  const holders = [...object.holders].map((holder): HolderDebugInfo => ({
    kind: holder.kind,
    since: holder.since,
    ...holder.describe(),
  }));
  if (object.calls > 0) holders.push({ kind: 'call', running: object.calls });
  return {
    id: object.id,
    typeid: object.type.typeid,
    ...(object.name !== undefined && { name: object.name }),
    createdAt: object.createdAt,
    preview: preview(object.instance),
    holders,
  };
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
