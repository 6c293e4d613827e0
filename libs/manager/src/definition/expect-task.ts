import { NoTaskError } from '../protocol/errors.js';
import { handleOf } from './proxy-class.js';
import { currentTask } from './task.js';

/** In a client class: throws where a member is called outside of a task that belongs to one. Nothing was sent then. */
export function expectTask(proxy: object, member: string): void {
  const target = handleOf(proxy)?.target;
  // Inside a server the call that it is part of is known better where it arrives.
  if (currentTask() !== '' || target?.referent) return;
  throw noTask(target?.typeid ?? 'object', member);
}

export function noTask(typeid: string, member: string): NoTaskError {
  return new NoTaskError(
    `${member}() of ${typeid === 'rlock' ? 'an' : 'a'} ${typeid} was called outside of a task, and it belongs to one. ` +
      'Use runExclusive(fn), or wrap the work in manager.task(fn).',
    { typeid, method: member, fate: 'not-executed' },
  );
}
