import {
  Handle,
  handleOf,
  isProxy,
  makeLazyProxy,
  type ObjectToken,
  type Target,
  type OnLost,
  tellLost,
} from '../definition/index.js';
import { copyValue, ManagerError, ObjectLostError, OverloadedError, ConfigurationError } from '../protocol/index.js';
import { Absence } from '../link/index.js';
import type { Connections } from './connections.js';
import { LaterArguments } from './later-arguments.js';
import { orAborted } from './or-aborted.js';
import { pause } from './directory.js';
import type { ObjectRecord } from './object-record.js';
import { WaitingCalls } from './waiting-calls.js';

/** How a named object is found, and made where there is none. */
export interface NamedOptions {
  args: readonly unknown[];
  /** See `Manager.named`. */
  keep?: 'always' | 'referenced' | { idle: number } | undefined;
  /** Whether a proxy whose object is gone goes on with the one that has the name now. */
  rebind: boolean;
  /** Only at this server. */
  server?: string | undefined;
}

/** Ends of a session that are ends of its server. */
const SERVER_GONE: ReadonlySet<string> = new Set(['server-closed', 'superseded', 'server-lost']);
/** Ms until a redirection that led nowhere is tried again. */
const AGAIN = 100;

/**
 * Whatever object a name stands for. It is found when first called, and found again when the session or the server went:
 * silently where it still is the very same object, with one `ObjectLostError` where it is not.
 */
export class NamedTarget implements Target {
  readonly typeid: string;
  readonly name: string;
  readonly #connections: Connections;
  readonly #options: NamedOptions;
  /** Those of the moment in which the proxy was made; undefined once they are needed no more. */
  #args: LaterArguments | undefined;
  #handles = 0;
  /** The reference to the object while it is bound; the proxy value is kept so that the collector leaves it alone. */
  #bound: { proxy: object; record: ObjectRecord } | undefined;
  /** The object that it was bound to last: another one is not taken without saying so. */
  #last: ObjectRecord | undefined;
  #lostForGood = false;
  #binding = false;
  /** Calls made while there is nothing to call. */
  readonly #waiting: WaitingCalls<ObjectRecord>;

  constructor(connections: Connections, typeid: string, name: string, options: NamedOptions) {
    this.#connections = connections;
    this.typeid = typeid;
    this.name = name;
    this.#options = options;
    this.#args = new LaterArguments(options.args, connections.limits);
    this.#waiting = new WaitingCalls(connections, `${typeid} "${name}"`, this.#ids());
  }

  identity(): ObjectToken | undefined {
    return this.#bound?.record.identity();
  }

  proxy(handle: Handle, watched: boolean): object {
    const proxy = makeLazyProxy(handle);
    if (watched) this.#connections.watch(proxy, handle);
    return proxy;
  }

  methods(): ReadonlySet<string> | undefined {
    return this.#bound?.record.methods();
  }

  call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    const adopt = this.#connections.adopter();
    const answer = this.#call(handle, method, args);
    return adopt ? answer.then(adopt) : answer;
  }

  #call(handle: Handle, method: string, args: readonly unknown[]): Promise<unknown> {
    const record = this.#record();
    if (record) return record.call(handle, method, args);
    let copied: readonly unknown[];
    try {
      // What is called now is called with the arguments of now, although they leave later.
      copied = copyValue(args, this.#connections.limits, (object) => (isProxy(object) ? object : undefined));
    } catch (error) {
      return Promise.reject(
        error instanceof ManagerError ? Object.assign(error, { fate: 'not-executed', method }) : error,
      );
    }
    return this.#later(handle, method, (target, remaining) => target.call(remaining, method, copied));
  }

  onLost(fn: OnLost): () => void {
    const record = this.#bound?.record;
    if (record && !record.gone) return record.onLost(fn);
    tellLost([fn], this.#lost());
    return () => undefined;
  }

  /** Resolves once the name's object is held. */
  ready(handle: Handle): Promise<ObjectRecord> {
    const record = this.#record();
    if (record) return Promise.resolve(record);
    return this.#later(handle, 'get', (target) => Promise.resolve(target)) as Promise<ObjectRecord>;
  }

  async ticket(ttl: number, uses: number): Promise<string> {
    const handle = new Handle(this);
    try {
      return await (await this.ready(handle)).ticket(ttl, uses);
    } finally {
      handle.release();
    }
  }

  retain(): void {
    this.#handles++;
  }

  release(): void {
    if (--this.#handles > 0) return;
    this.#unbind();
    this.#settleArguments();
  }

  /** What they refer to is held for as long as the object may still have to be made. */
  #settleArguments(): void {
    const { rebind } = this.#options;
    if (this.#handles === 0 ? this.#binding : rebind || !this.#last) return;
    this.#args?.release();
    this.#args = undefined;
  }

  #record(): ObjectRecord | undefined {
    const record = this.#bound?.record;
    if (!record) return undefined;
    if (!record.gone) return record;
    this.#unbind();
    if (record.told) {
      this.#last = undefined;
      if (!this.#options.rebind) this.#lostForGood = true;
    }
    return undefined;
  }

  #unbind(): void {
    if (!this.#bound) return;
    handleOf(this.#bound.proxy)?.release();
    this.#bound = undefined;
  }

  #later(
    handle: Handle,
    method: string,
    run: (record: ObjectRecord, handle: Handle) => Promise<unknown>,
  ): Promise<unknown> {
    if (this.#lostForGood) return Promise.reject(this.#lost());
    const outcome = this.#waiting.add(handle, method, run);
    if (this.#waiting.size > 0) void this.#bind();
    return outcome;
  }

  async #bind(): Promise<void> {
    if (this.#binding) return;
    this.#binding = true;
    const stop = new AbortController();
    const close = (): void => stop.abort();
    this.#connections.closed.signal.addEventListener('abort', close, { once: true });
    try {
      while (this.#waiting.size > 0) {
        if (stop.signal.aborted) throw this.#connections.closedError();
        const proxy = await this.#find(stop.signal);
        const handle = proxy && handleOf(proxy);
        if (!proxy || !handle) continue;
        const record = handle.target as ObjectRecord;
        if (this.#handles === 0 && this.#waiting.size === 0) {
          handle.release();
          return;
        }
        handle.heldFor = this;
        this.#bound = { proxy, record };
        this.#last = record;
        this.#settleArguments();
        this.#waiting.run(record);
        if (this.#handles === 0) this.#unbind();
      }
    } catch (error) {
      const reason = stop.signal.aborted ? this.#connections.closedError() : error;
      this.#waiting.fail(reason);
    } finally {
      this.#connections.closed.signal.removeEventListener('abort', close);
      this.#binding = false;
      this.#settleArguments();
    }
  }

  /** The object's proxy; undefined to try again. Throws what everybody who waits shall hear. */
  async #find(signal: AbortSignal): Promise<object | undefined> {
    const last = this.#last;
    if (!last) return this.#get(signal);
    const proxy = await this.#attach(last, signal);
    if (proxy) return proxy;
    this.#last = undefined;
    if (!this.#options.rebind) this.#lostForGood = true;
    throw this.#lost(last.identity());
  }

  /** The very object that was held before, if its server still has it under this name. */
  async #attach({ id, session: before }: ObjectRecord, signal: AbortSignal): Promise<object | undefined> {
    const absence = new Absence(before.lease);
    for (;;) {
      if (before.ended !== undefined && SERVER_GONE.has(before.ended)) return undefined;
      const listed = await this.#connections.directory.list(true).then(
        (servers) => servers.find(({ server }) => server === before.server),
        () => null,
      );
      if (listed && listed.generation > before.generation) return undefined;
      const alive = listed?.generation === before.generation;
      if (listed !== null && !alive) {
        // Dead, or about to assert itself again, where the medium has an older generation, too: it has one more lease for that.
        if (absence.seen()) return undefined;
      } else absence.over();
      try {
        if (listed && alive) {
          const session = await orAborted(this.#connections.at(listed), signal, () => signal.reason);
          return await session.attach(this.typeid, this.name, id, {});
        }
      } catch (error) {
        if (!(error instanceof ManagerError) || !error.retryable) throw error;
      }
      if (signal.aborted || this.#waiting.size === 0) throw this.#waiting.unreachable(0, 'get');
      await pause(AGAIN, signal);
    }
  }

  async #get(signal: AbortSignal): Promise<object | undefined> {
    const { keep, server } = this.#options;
    const args = this.#args?.args ?? [];
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    signal.addEventListener('abort', stop, { once: true });
    // Nobody waits any more: the search ends with its last caller.
    const idle = setInterval(() => this.#waiting.size === 0 && stop(), AGAIN);
    try {
      let session = await this.#connections.session({ server, typeid: this.typeid }, enough.signal);
      for (let hops = 0; hops < 8; hops++) {
        const options = { timeout: 0, signal: enough.signal };
        const answer = (await session.call(0, 'get', [this.typeid, this.name, args, keep], options)) as
          { object: object } | { server: string; generation: number };
        if ('object' in answer) return answer.object;
        if (server !== undefined) {
          throw new ConfigurationError(
            `The name "${this.name}" of ${this.typeid} belongs to the server "${answer.server}", not to "${server}".`,
            { typeid: this.typeid, objectName: this.name, server: answer.server, fate: 'not-executed' },
          );
        }
        session = await this.#connections.session({ server: answer.server }, enough.signal);
        if (session.generation !== answer.generation) await pause(AGAIN, enough.signal);
      }
      return undefined;
    } catch (error) {
      // A server that went while it was asked: it, or another, is asked again for as long as anybody waits.
      // One that has too much to do already is not helped by being asked again.
      const again = error instanceof ManagerError && !(error instanceof OverloadedError) && !enough.signal.aborted;
      const gone = again && (error.retryable || sessionOver(error));
      if (!gone) throw error;
      await pause(AGAIN, enough.signal);
      return undefined;
    } finally {
      clearInterval(idle);
      signal.removeEventListener('abort', stop);
    }
  }

  #lost(last?: ObjectToken): ObjectLostError {
    return new ObjectLostError(
      `${this.typeid} "${this.name}" is not the object that it was: its server died, or nobody held it any more. ` +
        (this.#options.rebind
          ? 'The next call reaches the one that has the name then.'
          : 'This proxy does not rebind.'),
      {
        ...this.#ids(),
        fate: 'not-executed',
        ...(last && { server: last.server, generation: last.generation, objectId: last.id }),
      },
    );
  }

  #ids(): { typeid: string; objectName: string } {
    return { typeid: this.typeid, objectName: this.name };
  }
}

function sessionOver(error: ManagerError): boolean {
  return (
    error.fate !== 'executed' && (error instanceof ObjectLostError || error.code === 'ERR_MANAGER_SESSION_EXPIRED')
  );
}
