import { holdWithin, isProxy } from '../../definition/index.js';
import { copyValue } from '../../protocol/index.js';

/**
 * What a container stores in place of several values that came in one call. They may have parts in common, and each is let
 * go on its own: what is held for one of them must not be what another one has.
 */
export function holdEach<T>(values: readonly T[], owner: object): T[] {
  if (values.length === 1) return [holdWithin(values[0] as T, owner)];
  const met = new Set<object>();
  return values.map((value) => {
    const mine = new Set<object>();
    const held = collect(value, mine);
    const common = held && [...mine].some((part) => met.has(part));
    for (const part of mine) met.add(part);
    return holdWithin(common ? apart(value) : value, owner);
  });
}

/** Gathers the parts of a value that `holdWithin` changes; answers whether there is a proxy among them. */
function collect(value: unknown, parts: Set<object>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isProxy(value)) return true;
  if (parts.has(value) || ArrayBuffer.isView(value)) return false;
  parts.add(value);
  let held = false;
  const inside =
    value instanceof Map
      ? [...value.keys(), ...value.values()]
      : value instanceof Set || Array.isArray(value)
        ? value
        : Object.values(value);
  for (const part of inside) held = collect(part, parts) || held;
  return held;
}

const UNBOUNDED = { depth: Infinity, messageBytes: Infinity };

/** The same data with the same proxies, in objects of its own. */
function apart<T>(value: T): T {
  return copyValue(value, UNBOUNDED, (part) => (isProxy(part) ? part : undefined));
}
