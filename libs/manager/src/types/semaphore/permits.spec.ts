import { describe, expect, it } from '@jest/globals';
import type { CallContext } from '../../definition/index.js';
import { Permits } from './permits.js';

let fences = 0n;

/** A session, as its calls know it. */
class Session {
  readonly #onEnd = new Set<() => void>();
  readonly #handedOver = new Set<() => void>();
  #ended = false;

  constructor(readonly id: string) {}

  call(task?: string): CallContext {
    return {
      session: this.id,
      application: this.id,
      task,
      signal: new AbortController().signal,
      deadline: undefined,
      fence: ++fences,
      object: undefined,
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      onDelivered: () => undefined,
      onUndelivered: (fn) => void this.#handedOver.add(fn),
      onSessionEnd: (fn) => {
        if (this.#ended) fn();
        else this.#onEnd.add(fn);
        return () => this.#onEnd.delete(fn);
      },
    };
  }

  get handlers(): number {
    return this.#onEnd.size;
  }

  /** What was handed over so far comes back, unwanted. */
  unwanted(): void {
    for (const fn of this.#handedOver) {
      this.#handedOver.delete(fn);
      fn();
    }
  }

  end(): void {
    this.#ended = true;
    this.unwanted();
    for (const fn of this.#onEnd) fn();
  }
}

const now = { blocking: false, timeout: undefined };
const plain = { line: undefined, keyed: false };

describe('permits', () => {
  it('leave one handler at a session however many it has, and none when it has none', () => {
    const permits = new Permits(3, Infinity);
    const session = new Session('s');
    for (let i = 0; i < 3; i++) expect(permits.acquire(session.call(), now, plain)).not.toBe(false);
    expect(session.handlers).toBe(1);
    for (let i = 0; i < 3; i++) permits.release(session.call());
    expect(session.handlers).toBe(0);
    expect(permits.free).toBe(3);
  });

  it('that were released before their answer came back unwanted are released for another one', () => {
    const permits = new Permits(2, 2);
    const session = new Session('s');
    void permits.acquire(session.call('known'), now, plain);
    const before = new Session('s');
    void permits.acquire(before.call('unknown'), now, plain);
    // By the task whose own acquire was aborted meanwhile: it means the permit that it knows of.
    permits.release(session.call('unknown'));
    before.unwanted();
    expect(permits.free).toBe(2);
    expect(permits.state()).toMatchObject({ held: 0 });
  });

  it('that were released come back no second time when their session ends before its answer was acknowledged', () => {
    const permits = new Permits(1, Infinity);
    const session = new Session('s');
    void permits.acquire(session.call(), now, plain);
    permits.release(session.call());
    session.end();
    expect(permits.free).toBe(1);
  });

  it('granted to a session that has ended are free again at once', () => {
    const permits = new Permits(1, 1);
    const session = new Session('s');
    session.end();
    void permits.acquire(session.call(), now, plain);
    expect(permits.free).toBe(1);
    expect(permits.state()).toMatchObject({ held: 0 });
  });

  it('that are disposed of leave no handler at the sessions that have some', () => {
    const permits = new Permits(2, 2);
    const sessions = [new Session('a'), new Session('b')];
    for (const session of sessions) void permits.acquire(session.call(), now, plain);
    permits.dispose();
    expect(sessions.map(({ handlers }) => handlers)).toEqual([0, 0]);
  });

  it('are not forfeited for another session, nor twice', () => {
    const permits = new Permits(1, 1);
    const session = new Session('s');
    const key = permits.acquire(session.call(), now, { line: undefined, keyed: true }) as bigint;
    permits.forfeit(new Session('other').call(), key);
    expect(permits.free).toBe(0);
    permits.forfeit(session.call(), key);
    permits.forfeit(session.call(), key);
    expect(permits.free).toBe(1);
    expect(() => permits.release(session.call(), key)).toThrow(/does not hold: it was lost, or given back/);
  });
});
