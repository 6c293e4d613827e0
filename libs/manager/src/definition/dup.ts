import { expectHandle } from './proxy-class.js';
import { development } from './place.js';
import type { AnyProxy } from './proxy-brand.js';

/** See `Manager.dup`. In a client class: what it needs for longer than its user may keep the proxy. */
export function dup<P extends object>(proxy: P): P & AnyProxy {
  const handle = expectHandle(proxy, 'dup()').dup();
  if (development) handle.madeAt = new Error('made');
  return handle.target.proxy(handle, true) as P & AnyProxy;
}
