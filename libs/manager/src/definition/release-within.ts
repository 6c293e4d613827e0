import { handleOf } from './proxy-class.js';

/** Gives back what came with a value that nobody waits for any more. */
export function releaseWithin(value: unknown): void {
  if (typeof value === 'object' && value !== null) release(value, new Set());
}

function release(value: unknown, seen: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  const handle = handleOf(value);
  if (handle) handle.release();
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      release(key, seen);
      release(item, seen);
    }
  } else if (value instanceof Set || Array.isArray(value)) for (const item of value) release(item, seen);
  else if (!ArrayBuffer.isView(value)) for (const item of Object.values(value)) release(item, seen);
}
