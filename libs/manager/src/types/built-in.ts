import { defineFactory, defineType, type SharedClass, type TypeDefinition } from '../definition/index.js';
import { ConfigurationError, DEFAULT_LIMITS, type Limits } from '../protocol/index.js';
import { SharedArray } from './array/referent.js';
import { AsyncResult } from './asyncResult/referent.js';
import { Barrier } from './barrier/referent.js';
import { BoundedSemaphore } from './boundedSemaphore/referent.js';
import { Condition } from './condition/referent.js';
import { Dict } from './dict/referent.js';
import { SharedEvent } from './event/referent.js';
import { List } from './list/referent.js';
import { Lock } from './lock/referent.js';
import { Namespace } from './namespace/referent.js';
import { PoolHost, type PoolSettings } from './pool/host.js';
import { PoolJob } from './pool/job.js';
import { Pool } from './pool/referent.js';
import { Queue } from './queue/referent.js';
import { RLock } from './rlock/referent.js';
import { Semaphore } from './semaphore/referent.js';
import { defineShareableList } from './shareableList/referent.js';
import { defineSharedMemory } from './sharedMemory/referent.js';
import { BlockStore } from './sharedMemory/store.js';
import { SharedSet } from './set/referent.js';
import { Value } from './value/referent.js';

/** The types that every server has, by the name of their creator; those in shared memory have creators of another kind. */
export const classes = {
  array: SharedArray,
  barrier: Barrier,
  boundedSemaphore: BoundedSemaphore,
  condition: Condition,
  dict: Dict,
  event: SharedEvent,
  joinableQueue: Queue,
  list: List,
  lock: Lock,
  namespace: Namespace,
  pool: Pool,
  queue: Queue,
  rlock: RLock,
  semaphore: Semaphore,
  set: SharedSet,
  value: Value,
} as const satisfies Record<string, SharedClass<object, never>>;

/** What a server tells the built-in types of itself. */
export interface BuiltInSettings {
  pools?: PoolSettings | undefined;
  limits?: Partial<Limits> | undefined;
}

/**
 * For a server: `builtIn`.
 *
 * @throws ConfigurationError where a setting cannot be.
 */
export function builtInTypes({ pools, limits }: BuiltInSettings = {}): TypeDefinition[] {
  const host = new PoolHost(pools, limits);
  // Those of its limits that are about blocks are kept here.
  const blocks = new BlockStore({ ...DEFAULT_LIMITS, ...limits });
  const made = new Set<SharedClass<object, never>>(Object.values(classes));
  made.delete(Pool);
  return [
    ...[...made].map((type) => defineType(type)),
    defineSharedMemory(blocks),
    defineShareableList(blocks),
    defineFactory({ type: Pool }, (size: unknown, options: unknown) => Pool.open(host, size, options)),
    madeByPools(AsyncResult, 'An AsyncResult comes from the members of a pool that do not wait, as applyAsync().'),
    madeByPools(PoolJob, 'A PoolJob comes from the imap() of a pool.'),
  ];
}

function madeByPools(type: SharedClass<object, never>, message: string): TypeDefinition {
  return defineFactory({ type }, () => {
    throw new ConfigurationError(message, { fate: 'not-executed' });
  });
}
