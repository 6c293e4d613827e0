import {
  client,
  currentCall,
  debugState,
  keep,
  noTask,
  proxyIdentity,
  referentOf,
  SharedType,
  type CallContext,
  type SharedProxy,
} from '../../definition/index.js';
import { Lock } from '../lock/referent.js';
import { RLock } from '../rlock/referent.js';
import { toldWaiting } from '../support/claimant.js';
import { checkCount } from '../support/count.js';
import { acquireOptions, duration, type AcquireOptions } from '../support/durations.js';
import { Mutex, type Suspended } from '../support/mutex.js';
import { shown } from '../support/shown.js';
import { WaitingLine, type Waiter } from '../support/waiting-line.js';
import { ConditionMembers, type ConditionClient, type ConditionRemote } from './proxy.js';

/** Somebody who waits, and the lock as it was held. */
interface Asleep {
  readonly hold: Suspended;
  readonly line: string | undefined;
}

/** Somebody who waits no more for a notification: for the lock, at most. */
interface Awake {
  readonly notified: boolean;
  readonly lock: bigint | false | Promise<bigint | false>;
}

/**
 * A lock, and a way to wait for what only others who have it can bring about: Python's `Condition`. It has a lock of its own,
 * which a task may take several times, unless it is given a `lock` or an `rlock`. It is used inside a task, and
 * `runExclusive(fn)` makes one where there is none.
 *
 * @example
 * ```ts
 * const stock = await manager.named('stock').condition();
 * await stock.runExclusive(async () => {
 *   await shelf.push(item);
 *   await stock.notify();
 * });
 * ```
 */
@SharedType({ typeid: 'condition', waits: ['acquire', 'wait'], proxy: () => ConditionMembers })
export class Condition implements ConditionRemote {
  declare readonly [client]?: ConditionClient;
  readonly #mutex: Mutex;
  /** Whether the lock is its own. */
  readonly #own: boolean;
  readonly #waiters = new WaitingLine<Awake, Asleep>();

  /** @param lock of the same server. Default: one of its own. */
  constructor(lock?: SharedProxy<Lock> | SharedProxy<RLock>) {
    this.#own = lock === undefined || lock === null;
    this.#mutex = this.#own ? new Mutex('condition', true) : mutexOf(lock as object, this);
  }

  /** The key of the hold, which is its first fence; false where it was not to be had. */
  acquire(options?: AcquireOptions, line?: string): bigint | false | Promise<bigint | false> {
    return this.#mutex.acquire(this.#call('acquire'), acquireOptions(options, 'acquire()'), line);
  }

  release(key?: bigint): void {
    this.#mutex.release(this.#call('release'), key);
  }

  forfeit(key: bigint): void {
    this.#mutex.forfeit(currentCall(), key);
  }

  wait(timeout?: number, line?: string): Promise<boolean> {
    const call = this.#call('wait');
    const time = duration(timeout, 'wait()');
    // From here to the line in one step: no notification can come in between.
    const hold = this.#mutex.suspend(call, 'wait');
    const over = (): Awake => ({ notified: false, lock: this.#mutex.resume(call, hold) });
    if (time !== undefined && time <= 0) return awoken(over());
    return awoken(this.#waiters.join(call, { hold, line }, { timeout: time, timedOut: over }));
  }

  notify(n = 1): void {
    const call = this.#call('notify');
    const count = checkCount(n, 0, 'The number of those whom notify() wakes');
    this.#mutex.held(call, 'notify');
    for (let i = 0; i < count && this.#waiters.size > 0; i++) this.#wakeNext();
  }

  notifyAll(): void {
    this.#mutex.held(this.#call('notifyAll'), 'notifyAll');
    for (const waiter of this.#waiters.all()) this.#wake(waiter);
  }

  locked(): boolean {
    return this.#mutex.locked;
  }

  fence(): bigint | undefined {
    return this.#mutex.fence(currentCall());
  }

  onSharedDispose(): void {
    if (this.#own) this.#mutex.dispose();
  }

  [debugState](): Record<string, unknown> {
    return { lock: this.#mutex.state(), ...toldWaiting(this.#waiters) };
  }

  #wakeNext(): void {
    const waiter = this.#waiters.next();
    if (!waiter) return;
    // Whoever leaves before it has its answer was not woken; all others may sleep on what it was told.
    waiter.call.onUndelivered(() => this.#wakeNext());
    this.#wake(waiter);
  }

  /** It waits for the lock from here on, in the same step. */
  #wake(waiter: Waiter<Asleep, Awake>): void {
    waiter.settle({ notified: true, lock: this.#mutex.resume(waiter.call, waiter.data.hold) });
  }

  /** A condition over a plain lock belongs to tasks, too. */
  #call(member: string): CallContext {
    const call = currentCall();
    if (call.task === undefined) throw noTask('condition', member);
    return call;
  }
}

async function awoken(awake: Awake | Promise<Awake>): Promise<boolean> {
  const { notified, lock } = await awake;
  await lock;
  return notified;
}

function mutexOf(lock: object, condition: Condition): Mutex {
  const inner = referentOf(lock);
  const mutex = inner instanceof Lock ? Lock.mutexOf(inner) : inner instanceof RLock ? RLock.mutexOf(inner) : undefined;
  if (mutex) {
    keep(lock as SharedProxy<Lock>, condition);
    return mutex;
  }
  const elsewhere = inner ? undefined : proxyIdentity(lock);
  throw new TypeError(
    elsewhere && (elsewhere.typeid === 'lock' || elsewhere.typeid === 'rlock')
      ? `A condition works on a lock of its own server, and this ${elsewhere.typeid} is at "${elsewhere.server}": ` +
          `make the condition there, with manager.at('${elsewhere.server}').`
      : `A condition takes the proxy of a lock or an rlock, got ${shown(lock)}.`,
  );
}
