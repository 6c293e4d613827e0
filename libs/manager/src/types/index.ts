export { builtInTypes } from './built-in.js';
export { Creators, Manager, NamedCreators } from './manager.js';

export { SharedArray } from './array/referent.js';
export { Dict } from './dict/referent.js';
export { List } from './list/referent.js';
export { Lock } from './lock/referent.js';
export { Namespace } from './namespace/referent.js';
export { Queue } from './queue/referent.js';
export { RLock } from './rlock/referent.js';
export { SharedSet } from './set/referent.js';
export { Value } from './value/referent.js';

export type { BuiltIns } from './built-ins.js';
export type { DictClient, Entries } from './dict/client.js';
export type { ListClient, SortOptions } from './list/client.js';
export type { SetClient } from './set/client.js';
export type { Key } from './support/keys.js';
export type { Items } from './support/operands.js';
export type { LockClient } from './lock/proxy.js';
export type { QueueClient, QueueOptions } from './queue/proxy.js';
export type { RLockClient } from './rlock/proxy.js';
export type { AcquireOptions } from './support/durations.js';
export type { Exclusive } from './support/exclusive.js';
