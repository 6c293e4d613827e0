import { runInCall, runInCallContext } from '../definition/index.js';
import { MethodNotExposedError } from '../protocol/index.js';
import type { Call } from './call.js';
import type { HostedObject } from './object-table.js';

/** Calls a method that was found exposed. The name is looked up on the instance, so that a subclass's override is met. */
export function invoke(call: Call, target: HostedObject): unknown {
  const method = (target.instance as Record<string, unknown>)[call.method];
  if (typeof method !== 'function') {
    throw new MethodNotExposedError(
      `${target.type.typeid} exposes ${call.method}(), but the instance has no such method.`,
      { typeid: target.type.typeid, method: call.method, objectId: target.id, fate: 'not-executed' },
    );
  }
  call.entered = true;
  const run = target.type.context ? runInCallContext : runInCall;
  return run(call, () => Reflect.apply(method, target.instance, call.args) as unknown);
}
