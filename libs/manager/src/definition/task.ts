import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { findCall, lastingCall, type CallContext } from './call-context.js';
import { globalState } from './global-state.js';

/** An owner of locks: what `task()` awaits belongs to it. */
interface Task {
  readonly id: string;
  /** The hosted call that it was made in. Seen from another one, whose start its end brought about, it is not that one's. */
  readonly within: CallContext | undefined;
}

const { storage } = globalState('task/1', () => ({ storage: new AsyncLocalStorage<Task>() }));

/** Runs `fn`, and what it awaits, as an owner of its own for locks. */
export function runTask<R>(fn: () => R): R {
  return storage.run({ id: randomBytes(9).toString('base64url'), within: lastingCall() }, fn);
}

/** Runs `fn` in the task that is running, and in one of its own where there is none. */
export function inTask<R>(fn: () => R): R {
  return currentTask() === '' ? runTask(fn) : fn();
}

/** The task that is running, '' outside of one. In hosted code without one of its own it is that of `call`, the call that runs. */
export function currentTask(call: CallContext | undefined = findCall()): string {
  const task = storage.getStore();
  if (task && task.within === lastingCall()) return task.id;
  return call?.task ?? '';
}
