export { builtInTypes } from './built-in.js';
export { checkPools, type PoolSettings } from './pool/host.js';
export { Creators, Manager, NamedCreators } from './manager.js';

export { SharedArray } from './array/referent.js';
export { AsyncResult } from './asyncResult/referent.js';
export { Barrier } from './barrier/referent.js';
export { BoundedSemaphore } from './boundedSemaphore/referent.js';
export { Condition } from './condition/referent.js';
export { Dict } from './dict/referent.js';
export { SharedEvent } from './event/referent.js';
export { List } from './list/referent.js';
export { Lock } from './lock/referent.js';
export { Namespace } from './namespace/referent.js';
export { Pool } from './pool/referent.js';
export { Queue } from './queue/referent.js';
export { RLock } from './rlock/referent.js';
export { Semaphore } from './semaphore/referent.js';
export { SharedSet } from './set/referent.js';
export { ShareableList } from './shareableList/referent.js';
export { SharedMemory } from './sharedMemory/referent.js';
export { Value } from './value/referent.js';

export type { ArrayClient } from './array/client.js';
export type { ArrayInput, ArrayItem, Typecode } from './array/typecodes.js';
export type { BlockCreators, BlockOptions, NamedBlockCreators } from './blocks.js';
export type { AsyncResultClient } from './asyncResult/client.js';
export type { BarrierClient, BarrierOptions } from './barrier/client.js';
export type { BuiltIns } from './built-ins.js';
export type { ConditionClient } from './condition/proxy.js';
export type { DictClient, Entries as SharedEntries } from './dict/client.js';
export type { EventClient } from './event/client.js';
export type { ListClient, SortOptions } from './list/client.js';
export type { NamespaceClient } from './namespace/client.js';
export type { BlockClient, SharedMemoryClient } from './sharedMemory/proxy.js';
export type { ShareableListClient } from './shareableList/proxy.js';
export type { ShareableFormat, ShareableItem } from './shareableList/slots.js';
export type { SetClient } from './set/client.js';
export type { Key as SharedKey } from './support/keys.js';
export type { Items as SharedItems } from './support/operands.js';
export type { LockClient } from './lock/proxy.js';
export type {
  AnyTasks,
  ImapOptions,
  MapOptions,
  PoolClient,
  PoolOptions,
  TaskArgs,
  TaskName,
  TaskResult,
  TaskStreamInput,
} from './pool/client.js';
export type { QueueClient, QueueOptions } from './queue/proxy.js';
export type { RLockClient } from './rlock/proxy.js';
export type { SemaphoreClient } from './semaphore/proxy.js';
export type { AcquireOptions } from './support/durations.js';
export type { Exclusive } from './support/exclusive.js';
export type { ValueClient } from './value/client.js';
