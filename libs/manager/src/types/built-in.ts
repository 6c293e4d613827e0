import { defineType, type SharedClass, type TypeDefinition } from '../definition/index.js';
import { SharedArray } from './array/referent.js';
import { Barrier } from './barrier/referent.js';
import { BoundedSemaphore } from './boundedSemaphore/referent.js';
import { Condition } from './condition/referent.js';
import { Dict } from './dict/referent.js';
import { SharedEvent } from './event/referent.js';
import { List } from './list/referent.js';
import { Lock } from './lock/referent.js';
import { Namespace } from './namespace/referent.js';
import { Queue } from './queue/referent.js';
import { RLock } from './rlock/referent.js';
import { Semaphore } from './semaphore/referent.js';
import { SharedSet } from './set/referent.js';
import { Value } from './value/referent.js';

/** The types that every server has, by the name of their creator. */
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
  queue: Queue,
  rlock: RLock,
  semaphore: Semaphore,
  set: SharedSet,
  value: Value,
} as const satisfies Record<string, SharedClass<object, never>>;

/** For a server: `builtIn`. */
export function builtInTypes(): TypeDefinition[] {
  return [...new Set(Object.values(classes))].map((type) => defineType(type));
}
