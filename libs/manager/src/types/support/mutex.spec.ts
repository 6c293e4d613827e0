import { expect, it } from '@jest/globals';
import type { CallContext } from '../../definition/index.js';
import { Mutex } from './mutex.js';

/** The calls of one session, and what it is to do at its end. */
class FakeSession {
  readonly ends = new Set<() => void>();
  #fence = 0n;

  call(task?: string): CallContext {
    return {
      session: 'session',
      application: 'test',
      task,
      signal: new AbortController().signal,
      deadline: undefined,
      fence: ++this.#fence,
      object: undefined,
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      onUndelivered: () => undefined,
      onDelivered: () => undefined,
      onSessionEnd: (fn) => {
        this.ends.add(fn);
        return () => this.ends.delete(fn);
      },
    };
  }
}

it.each([false, true])('a session keeps nothing of a lock that was released (re-entrant: %s)', async (reentrant) => {
  const session = new FakeSession();
  const mutex = new Mutex('lock', reentrant);
  const blocking = { blocking: true, timeout: undefined };
  for (let i = 0; i < 3; i++) {
    const key = mutex.acquire(session.call('one'), blocking) as bigint;
    const next = mutex.acquire(session.call('two'), blocking);
    expect(session.ends.size).toBe(1);
    mutex.release(session.call('one'), key);
    mutex.forfeit(session.call('two'), (await next) as bigint);
    expect(mutex.locked).toBe(false);
    expect(session.ends.size).toBe(0);
  }
});
