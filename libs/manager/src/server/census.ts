import { inspect } from 'node:util';
import type { HostedObject } from './object-table.js';

/** Who keeps an object alive. `kind` says which of the other fields are there. */
export interface HolderInfo {
  kind: 'session' | 'ticket' | 'name' | 'call' | 'iterator' | 'object' | 'server';
  /** Ms since 1970. */
  since?: number;
  /** Of a session: its id, and the application that it belongs to. */
  session?: string;
  application?: string;
  host?: string;
  pid?: number;
  /** Of a session: how many grants it was sent and has not given back. */
  grants?: number;
  /** Of a name. */
  name?: string;
  keep?: unknown;
  /** Of calls: how many run. */
  running?: number;
}

/** One shared object as `debugInfo()` shows it. */
export interface ObjectInfo {
  id: number;
  typeid: string;
  name?: string;
  /** Ms since 1970. */
  createdAt: number;
  /** What `util.inspect` shows of the instance, in at most 75 characters. Private fields do not appear. */
  preview: string;
  holders: HolderInfo[];
}

/** One manager server as `debugInfo()` shows it. */
export interface ServerInfo {
  server: string;
  generation: number;
  objects: ObjectInfo[];
}

const PREVIEW = 75;

export function describeObject(object: HostedObject): ObjectInfo {
  const holders = [...object.holders].map((holder): HolderInfo => ({
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
