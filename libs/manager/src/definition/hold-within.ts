import { keep } from './keep.js';
import type { AnyProxy } from './proxy-brand.js';
import { handleOf } from './proxy-class.js';

/**
 * What a container stores in place of `value`: the same data, with a proxy of its own for every proxy in it, at any depth,
 * kept by `owner`. A message that names an object twice brings one proxy of it, so what is stored twice has to be held
 * twice. `releaseWithin` lets go of it, when it is taken out.
 *
 * The data is changed in place: it is the copy that came with the call.
 */
export function holdWithin<T>(value: T, owner: object): T {
  if (typeof value !== 'object' || value === null) return value;
  return hold(value, owner, new Map()) as T;
}

function hold(value: unknown, owner: object, held: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (held.has(value)) return held.get(value);
  const handle = handleOf(value);
  if (handle) {
    const own = handle.dup();
    const proxy = keep(own.target.proxy(own, true) as AnyProxy, owner);
    held.set(value, proxy);
    return proxy;
  }
  held.set(value, value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'object' && item !== null) value[i] = hold(item, owner, held);
    }
  } else if (value instanceof Map) {
    // Rebuilt, so that keys keep their order.
    const entries = [...value];
    value.clear();
    for (const [key, item] of entries) value.set(hold(key, owner, held), hold(item, owner, held));
  } else if (value instanceof Set) {
    const items = [...value];
    value.clear();
    for (const item of items) value.add(hold(item, owner, held));
  } else if (!ArrayBuffer.isView(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (typeof item === 'object' && item !== null) (value as Record<string, unknown>)[key] = hold(item, owner, held);
    }
  }
  return value;
}
