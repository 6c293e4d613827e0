import type { Delivery, Lane } from '../transport.js';

/** What one XREAD found in one of the two streams of an inbox. */
export interface LaneRead {
  lane: Lane;
  deliveries: Delivery[];
  /** Entries, those included that carry nothing. */
  entries: number;
  bytes: number;
  /** Of the last entry. */
  id: string;
}

type Entry = [id: Buffer, fields: Buffer[]];

/** The field that carries bytes; an entry without it only wakes the reader. */
const FIELD = 'f'.charCodeAt(0);

/** Reads the reply of XREAD, whatever protocol and mapping the client speaks: pairs, a flat list, an object or a map. */
export function parseRead(reply: unknown): LaneRead[] {
  if (reply === null || reply === undefined) return [];
  const reads: LaneRead[] = [];
  for (const [key, entries] of pairs(reply)) {
    const read = parseLane(String(key).endsWith(':beats') ? 'beats' : 'frames', entries);
    if (read.lane === 'beats') reads.unshift(read);
    else reads.push(read);
  }
  return reads;
}

function pairs(reply: unknown): [unknown, Entry[]][] {
  if (reply instanceof Map) return [...reply] as [unknown, Entry[]][];
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, Entry[]>);
  if (reply.length === 0 || Array.isArray(reply[0])) return reply as [unknown, Entry[]][];
  const found: [unknown, Entry[]][] = [];
  for (let index = 0; index < reply.length; index += 2) found.push([reply[index], reply[index + 1] as Entry[]]);
  return found;
}

function parseLane(lane: Lane, entries: Entry[]): LaneRead {
  const deliveries: Delivery[] = [];
  let bytes = 0;
  for (const [id, fields] of entries) {
    const [field, value] = fields;
    if (!value || field?.[0] !== FIELD) continue;
    bytes += value.length;
    deliveries.push({ bytes: value, at: stampOf(id) });
  }
  return { lane, deliveries, entries: entries.length, bytes, id: entries.at(-1)?.[0].toString('latin1') ?? '0-0' };
}

/** The milliseconds of `1700000000000-5`. Takes text, or bytes without making text of them. */
export function stampOf(id: Buffer | string): number {
  if (typeof id === 'string') return Number(id.slice(0, id.indexOf('-')));
  let stamp = 0;
  for (const byte of id) {
    if (byte < 48 || byte > 57) break;
    stamp = stamp * 10 + byte - 48;
  }
  return stamp;
}

/** The id that follows at once: trimming to it removes `id` too. */
export function idAfter(id: string): string {
  const dash = id.indexOf('-');
  return `${id.slice(0, dash)}-${BigInt(id.slice(dash + 1)) + 1n}`;
}
