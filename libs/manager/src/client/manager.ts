import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import {
  development,
  dup,
  expectHandle,
  Handle,
  isProxy as isAnyProxy,
  proxyIdentity,
  runTask,
  typeidOf,
  type AnyProxy,
  type CallOptions,
  type CollectedReport,
  type ForeignObjects,
  type LocalServer,
  type ObjectToken,
  type ProxyOf,
  type SharedClass,
  type SharedProxy,
  type TypeToken,
} from '../definition/index.js';
import {
  checkTicketOptions,
  ConfigurationError,
  isName,
  ManagerClosedError,
  NAME_LENGTH,
  type DebugInfo,
  type KeepOption,
  type Limits,
  type TicketOptions,
} from '../protocol/index.js';
import type { AuthKey } from '../link/index.js';
import type { Transport } from '../transport/index.js';
import { censusOf } from './census.js';
import { Connections } from './connections.js';
import { notSent } from './failures.js';
import { LaterArguments } from './later-arguments.js';
import { NamedTarget } from './named-target.js';
import { redeem } from './redemption.js';
import type { ServerSession } from './server-session.js';
import { TicketTarget } from './ticket-target.js';
import { within } from './within.js';

export interface ManagerOptions {
  transport: Transport;
  /** What the census calls this application. @default 'application' */
  application?: string;
  /** Milliseconds that a call waits for its answer. @default 30000 */
  timeout?: number;
  limits?: Partial<Limits> | undefined;
  /** What servers must prove to have, and this application proves to them. @default none */
  authkey?: AuthKey | undefined;
  /** The server that this is the manager of, from when it hosts on: what it has the type of is made there. */
  local?: () => LocalServer | undefined;
  /** Told how that server reaches objects of others. */
  foreign?: (objects: ForeignObjects) => void;
  /** In development: told of proxies that were collected without having been released. */
  onCollected?: CollectedReport;
  /** Told, once a second at most, of frames in its inbox that nobody can have meant. */
  onMalformed?: (text: string) => void;
}

/** What `status$` says: whether calls can leave, wait for the medium, or will never leave again. */
export type ManagerStatus = 'idle' | 'connecting' | 'connected' | 'closed';

const TIMEOUT = 30_000;
/** Milliseconds that a ticket is good for. */
const TICKET_TTL = 60_000;
/** Milliseconds that goodbye may take. */
const FAREWELL = 1000;

interface Where {
  /** Only there. */
  readonly server?: string | undefined;
}

/** A proxy of what `C` or the token makes; of anything for a bare typeid. */
type Made<T> = Promise<SharedProxy<T>>;

/** What a server says that was asked for a name: the object, or which server has it. */
type Found = { object: object } | { server: string; generation: number } | null;

/** What `named` and `at` give. */
export interface CreatorKinds {
  readonly creators: typeof Creators;
  readonly named: typeof NamedCreators;
}

/** Creates and finds shared objects: at any server that has the type, or at one. */
export class Creators {
  readonly #connections: Connections;
  readonly #where: Where;

  constructor(connections: Connections, where: Where) {
    this.#connections = connections;
    this.#where = where;
  }

  /**
   * Makes a new object: runs the constructor or the factory of `type` in a server that has it. The object lives until its
   * last reference is released; this one is yours.
   *
   * @throws TypeNotRegisteredError where no live server has the type; ServerUnavailableError where none can be reached in
   * time; whatever the constructor throws.
   *
   * @example
   * ```ts
   * await using counter = await manager.create(VisitCounter);
   * await counter.increment(5);
   * ```
   */
  create<T, A extends unknown[]>(type: SharedClass<T, A> | TypeToken<T, A>, ...args: A): Made<T>;
  create<T = unknown>(type: string, ...args: unknown[]): Made<T>;
  create(type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, ...args: unknown[]): Promise<unknown> {
    const typeid = typeidOf(type);
    const madeAt = development ? new Error('made') : undefined;
    const remember = (proxy: unknown): unknown => {
      if (madeAt) expectHandle(proxy, 'create()').madeAt = madeAt;
      return proxy;
    };
    const local = this.#connections.local(typeid, this.#where.server);
    const session = local ? undefined : this.#connections.serving(typeid, this.#where.server);
    const adopt = this.#connections.adopter();
    const proxy = local
      ? local.verb('create', [typeid, args])
      : session
        ? session.call(0, 'create', [typeid, args], {})
        : this.#createLater(typeid, args);
    if (adopt && !local) return proxy.then(adopt).then(remember);
    return madeAt ? proxy.then(remember) : proxy;
  }

  /**
   * The object of this name, made with `args` by the first who asks. However many ask at once, from however many
   * applications, one constructor runs and all get the same object. It is kept until `unlink`; see `named` for other ways.
   *
   * @throws as `create` does; where the constructor throws, everybody who waited for it gets that error, and the next
   * `get` tries anew.
   *
   * @example
   * ```ts
   * const visits = await manager.get(VisitCounter, 'visits');
   * ```
   */
  get<T, A extends unknown[]>(type: SharedClass<T, A> | TypeToken<T, A>, name: string, ...args: A): Made<T>;
  get<T = unknown>(type: string, name: string, ...args: unknown[]): Made<T>;
  get(
    type: SharedClass<unknown, never> | TypeToken<unknown, never> | string,
    name: string,
    ...args: unknown[]
  ): Promise<unknown> {
    return this.named(name).create(type as string, ...args);
  }

  /**
   * `create`, as a `get` of this name. `keep` says how long the name holds its object: `'always'` (default) until
   * `unlink` or the end of its server, `'referenced'` while somebody holds it, `{ idle: ms }` that long after the last
   * one let go. `rebind: false` makes a proxy whose object is gone stay gone; arguments with a proxy among them imply it.
   *
   * @example
   * ```ts
   * const room = await manager.named('lobby', { keep: { idle: 60_000 } }).create(Room);
   * ```
   */
  named(name: string, options: { keep?: KeepOption; rebind?: boolean } = {}): NamedCreators {
    checkKeep(options.keep);
    return new this.kinds.named(this.#connections, this.#where, checkName(name), options);
  }

  /**
   * The object of this name, where there is one: other than `get` it makes nothing. undefined where nothing has the name.
   * The proxy stands for this very object: it does not go on with another one that has the name later.
   *
   * @throws ConfigurationError for what cannot be a name; TypeNotRegisteredError where no live server has the type;
   * ServerUnavailableError where none can be reached in time.
   *
   * @example
   * ```ts
   * const room = await manager.find(Room, 'lobby');
   * if (room) await room.close();
   * ```
   */
  find<T, A extends unknown[]>(
    type: SharedClass<T, A> | TypeToken<T, A>,
    name: string,
  ): Promise<SharedProxy<T> | undefined>;
  find<T = unknown>(type: string, name: string): Promise<SharedProxy<T> | undefined>;
  async find(type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, name: string): Promise<unknown> {
    const typeid = typeidOf(type);
    const asked = [typeid, checkName(name)];
    const madeAt = development ? new Error('made') : undefined;
    const adopt = this.#connections.adopter();
    const found = (proxy: object): object => {
      if (madeAt) expectHandle(proxy, 'find()').madeAt = madeAt;
      return proxy;
    };
    const { server } = this.#where;
    const local = (await this.#connections.local(typeid, server)?.verb('find', asked)) as Found | undefined;
    if (local === null || (local && !('object' in local) && server !== undefined)) return undefined;
    if (local && 'object' in local) return found(local.object);
    const { timeout, closed } = this.#connections;
    return within(timeout, [closed.signal], async (over, left) => {
      let wanted: { server?: string | undefined; typeid?: string } = local
        ? { server: local.server }
        : { server, typeid };
      for (let hops = 0; hops < 8; hops++) {
        const session = await this.#connections.session(wanted, over);
        const answer = (await session.call(0, 'find', asked, { timeout: left() })) as Found;
        if (!answer) return undefined;
        if ('object' in answer) return found((adopt ? adopt(answer.object) : answer.object) as object);
        // It is not at the server that was asked for, which is what `at` is about.
        if (server !== undefined) return undefined;
        wanted = { server: answer.server };
      }
      return undefined;
    });
  }

  /** The built-in types have creators of their own. */
  protected get kinds(): CreatorKinds {
    return { creators: Creators, named: NamedCreators };
  }

  async #createLater(typeid: string, args: unknown[]): Promise<unknown> {
    const wanted = { server: this.#where.server, typeid };
    // It is made with the arguments of now, whatever becomes of them until a server is found.
    let later: LaterArguments;
    try {
      later = new LaterArguments(args, this.#connections.limits);
    } catch (error) {
      throw notSent(error, 'create', undefined);
    }
    try {
      const { timeout, closed } = this.#connections;
      return await within(timeout, [closed.signal], async (over, left) => {
        const session = await this.#connections.session(wanted, over);
        return session.call(0, 'create', [typeid, later.args], { timeout: left() });
      });
    } finally {
      later.release();
    }
  }
}

/** `create`, under a name. Made by `named`. */
export class NamedCreators {
  readonly #connections: Connections;
  readonly #where: Where;
  readonly #name: string;
  readonly #options: { keep?: KeepOption; rebind?: boolean };

  constructor(connections: Connections, where: Where, name: string, options: { keep?: KeepOption; rebind?: boolean }) {
    this.#connections = connections;
    this.#where = where;
    this.#name = name;
    this.#options = options;
  }

  /** The object of the name, made with `args` where there is none. */
  create<T, A extends unknown[]>(type: SharedClass<T, A> | TypeToken<T, A>, ...args: A): Made<T>;
  create<T = unknown>(type: string, ...args: unknown[]): Made<T>;
  async create(
    type: SharedClass<unknown, never> | TypeToken<unknown, never> | string,
    ...args: unknown[]
  ): Promise<unknown> {
    const typeid = typeidOf(type);
    const madeAt = development ? new Error('made') : undefined;
    const remember = (proxy: unknown): unknown => {
      if (madeAt) expectHandle(proxy, 'get()').madeAt = madeAt;
      return proxy;
    };
    const local = this.#connections.local(typeid, this.#where.server);
    if (local) {
      const answer = (await local.verb('get', [typeid, this.#name, args, this.#options.keep])) as object;
      if ('object' in answer) return remember(answer.object);
    }
    const adopt = this.#connections.adopter();
    const handle = this.#handle(typeid, args);
    try {
      const record = await (handle.target as NamedTarget).ready(handle);
      const proxy = new record.type.proxyClass(handle);
      this.#connections.watch(proxy, handle);
      return remember(adopt ? adopt(proxy) : proxy);
    } catch (error) {
      handle.release();
      throw error;
    }
  }

  /** A proxy at once, of whatever the name stands for once it is called: it needs no server yet. */
  lazy<T, A extends unknown[]>(type: SharedClass<T, A> | TypeToken<T, A>, ...args: A): SharedProxy<T>;
  lazy<T = unknown>(type: string, ...args: unknown[]): SharedProxy<T>;
  lazy(type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, ...args: unknown[]): unknown {
    const handle = this.#handle(typeidOf(type), args);
    handle.lasting = true;
    return handle.target.proxy(handle, true);
  }

  #handle(typeid: string, args: unknown[]): Handle {
    const { keep, rebind = !args.some(isAnyProxy) } = this.#options;
    const target = new NamedTarget(this.#connections, typeid, this.#name, {
      args,
      keep,
      rebind,
      ...this.#where,
    });
    const handle = new Handle(target);
    if (development) handle.madeAt = new Error('made');
    return handle;
  }
}

/** The open sessions of a manager. For `nestjs-manager/testing`: no user needs to know of them. */
export let sessionsOf: (manager: Manager) => readonly ServerSession[];

/**
 * The client of one application: creates, finds and releases shared objects. In a Nest application it is injected with
 * `@InjectManager()`, connected and closed with the application.
 *
 * What it holds is held in its name at the servers, under a lease: if the application dies, it is given back.
 */
export class Manager extends Creators {
  /** What calls can expect, and each change of it. Completes when the manager is closed. */
  readonly status$: Observable<ManagerStatus>;
  readonly #connections: Connections;
  readonly #status = new BehaviorSubject<ManagerStatus>('idle');
  static {
    sessionsOf = (manager): readonly ServerSession[] => [...manager.#connections.sessions];
  }
  #closing: Promise<void> | undefined;

  constructor(options: ManagerOptions) {
    const connections = new Connections({
      transport: options.transport,
      application: options.application ?? 'application',
      timeout: checkTimeout(options.timeout ?? TIMEOUT),
      limits: options.limits,
      authkey: options.authkey,
      local: options.local,
      onCollected: options.onCollected ?? ((): void => undefined),
      onMalformed: options.onMalformed ?? ((): void => undefined),
      onConnecting: () => this.#status.value === 'idle' && this.#status.next('connecting'),
    });
    super(connections, {});
    this.#connections = connections;
    connections.redeemed = (ticket) => {
      const target = new TicketTarget(connections, ticket);
      return target.proxy(new Handle(target), true);
    };
    options.foreign?.({ redeemed: (ticket) => connections.redeemed(ticket) });
    this.status$ = this.#status.pipe(distinctUntilChanged());
    connections.onState((state) => {
      if (!this.#closing) this.#status.next(state);
    });
  }

  /** Connects now rather than at the first call. Resolves once the medium answers; rejects where it never will. */
  connect(): Promise<void> {
    return this.#connections.connect();
  }

  /** The same creators, at the server of this name. */
  at(server: string): Creators {
    return new this.kinds.creators(this.#connections, { server });
  }

  /**
   * Takes a name away. The object stays while it is held otherwise; whoever asks for the name next gets a new one.
   * Answers whether there was one.
   */
  async unlink(type: SharedClass<unknown, never> | TypeToken<unknown, never> | string, name: string): Promise<boolean> {
    const typeid = typeidOf(type);
    const local = await this.#connections.local(typeid, undefined)?.verb('unlink', [typeid, checkName(name)]);
    if (typeof local === 'boolean') return local;
    const { timeout, closed } = this.#connections;
    return within(timeout, [closed.signal], async (over, left) => {
      let wanted: { server?: string; typeid?: string } = { typeid };
      for (let hops = 0; hops < 8; hops++) {
        const session = await this.#connections.session(wanted, over);
        const answer = await session.call(0, 'unlink', [typeid, checkName(name)], { timeout: left() });
        if (typeof answer === 'boolean') return answer;
        wanted = { server: (answer as { server: string }).server };
      }
      return false;
    });
  }

  /**
   * The same reference, with options for the calls made through it: `timeout` in ms (0: none), and a `signal` that ends
   * them with `CallAbortedError`. It needs no release of its own.
   *
   * @example
   * ```ts
   * await manager.with(report, { timeout: 120_000, signal: request.signal }).build();
   * ```
   */
  with<P extends AnyProxy>(proxy: P, options: CallOptions): P {
    if (options.timeout !== undefined) checkTimeout(options.timeout);
    const handle = expectHandle(proxy, 'with()').with(options);
    const view = handle.target.proxy(handle, false);
    anchors.set(view, proxy);
    return view as P;
  }

  /**
   * Gives a reference back. Its waiting calls are ended; other calls already made run to their answer. Using the proxy
   * afterwards is a `ProxyReleasedError`. Never throws; releasing twice does nothing.
   */
  async release(proxy: AnyProxy): Promise<void> {
    expectHandle(proxy, 'release()').release();
  }

  /** A second reference to the same object, released on its own. */
  dup<P extends AnyProxy>(proxy: P): P {
    return dup(proxy);
  }

  /**
   * A reference to the object as a short string, for another application: through a queue, HTTP or a database. It keeps the
   * object alive, whoever else lets go, until it is redeemed or expires. Whoever has it can redeem it, so keep it as you
   * would a password.
   *
   * `ttl`: ms that it is good for, from 1 to 2147483647 (default 60000). `uses`: redemptions that it is good for (default
   * 1). A redemption spends a use even if its application dies of what it does then: work that may be retried takes
   * `uses: Infinity`, which is good for any number until the `ttl` is over.
   *
   * @throws ConfigurationError for options that cannot be; ProxyReleasedError where the proxy was released; ObjectLostError
   * and SessionExpiredError as calls of the proxy.
   *
   * @example
   * ```ts
   * const report = await manager.create(Report);
   * await queue.add('render', { report: await manager.ticket(report, { ttl: 600_000, uses: Infinity }) });
   * await manager.release(report);
   * ```
   */
  async ticket(proxy: AnyProxy, options: TicketOptions = {}): Promise<string> {
    const { ttl, uses } = checkTicketOptions(options.ttl ?? TICKET_TTL, options.uses ?? 1);
    const handle = expectHandle(proxy, 'ticket()');
    handle.expectHeld('get a ticket');
    return handle.target.ticket(ttl, uses);
  }

  /**
   * The proxy that a ticket stands for, in any application of the namespace. It is a reference of its own: it can do what
   * the first one can, and is yours to release.
   *
   * @throws TicketInvalidError where the ticket is damaged, unknown to its server, expired, used up, or of a start of the
   * server that is over; its `reason` says which, and nothing was touched. ServerUnavailableError where its server cannot
   * be reached in time; ObjectLostError where its object lost its name to another server.
   *
   * @example
   * ```ts
   * await using report = await manager.redeem<Report>(job.data.report);
   * await report.render();
   * ```
   */
  async redeem<T = unknown>(ticket: string): Promise<SharedProxy<T>> {
    const madeAt = development ? new Error('made') : undefined;
    const adopt = this.#connections.adopter();
    const redeemed = await redeem(this.#connections, ticket);
    const proxy = adopt ? adopt(redeemed) : redeemed;
    if (madeAt) expectHandle(proxy, 'redeem()').madeAt = madeAt;
    return proxy as SharedProxy<T>;
  }

  /** A copy of the object's state: what its `toCopy()` gives, called like any other method; MethodNotExposedError where the type exposes none. */
  copyOf<C>(proxy: ProxyOf<{ toCopy(): C }>): Promise<Awaited<C>> {
    return expectHandle(proxy, 'copyOf()').call('toCopy', []) as Promise<Awaited<C>>;
  }

  /** Runs `fn`, and what it awaits, as an owner of its own for locks. */
  task<R>(fn: () => R): R {
    return runTask(fn);
  }

  /** Which object a proxy stands for; undefined until a proxy of a name has reached it. */
  token(proxy: AnyProxy): ObjectToken | undefined {
    expectHandle(proxy, 'token()');
    return proxyIdentity(proxy);
  }

  isProxy(value: unknown): value is AnyProxy {
    return isAnyProxy(value);
  }

  /** How many objects the live servers host. */
  async numberOfObjects(): Promise<number> {
    const counts = await this.#ask(
      (session, left) => session.call(0, 'numberOfObjects', [], { timeout: left() }) as Promise<number>,
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Every object of every live server, and everybody who holds it: `HolderDebugInfo` says what is told of whom. It comes
   * in pages, each of which is exact when it is made; what changes between two may be missing, or there twice.
   */
  async debugInfo(): Promise<DebugInfo> {
    return { servers: await this.#ask(censusOf) };
  }

  /** Asks every live server for a sign of life; the ms that the slowest took. ServerUnavailableError where there is none. */
  async ping(): Promise<number> {
    const since = performance.now();
    await this.#ask((session, left) => session.call(0, 'ping', [], { timeout: left() }));
    return performance.now() - since;
  }

  /** Gives everything back and closes the connections. Calls that wait fail with `ManagerClosedError`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#connections.close(FAREWELL).finally(() => {
      this.#status.next('closed');
      this.#status.complete();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Asks every live server; `left` are the ms that the answer may still take. */
  async #ask<R>(question: (session: ServerSession, left: () => number) => Promise<R>): Promise<R[]> {
    if (this.#closing) throw new ManagerClosedError('The manager was closed.', { fate: 'not-executed' });
    const connections = this.#connections;
    return within(connections.timeout, [connections.closed.signal], async (over, left) => {
      await connections.session({}, over);
      const servers = await connections.servers(over);
      return Promise.all(
        servers.map(async ({ server }) => question(await connections.session({ server }, over), left)),
      );
    });
  }
}

/** A view of a proxy made by `with` keeps that proxy from being collected: its reference is the view's too. */
const anchors = new WeakMap<object, object>();

function checkName(name: string): string {
  if (isName(name)) return name;
  throw new ConfigurationError(
    `The name of a shared object is a string of 1 to ${NAME_LENGTH} characters without control characters, got ${JSON.stringify(name)}.`,
  );
}

function checkKeep(keep: KeepOption | undefined): void {
  if (keep === undefined || keep === 'always' || keep === 'referenced') return;
  if (typeof keep === 'object' && keep !== null && keep.idle >= 0 && keep.idle < 2 ** 31) return;
  throw new ConfigurationError(`\`keep\` is 'always', 'referenced' or { idle: ms }, got ${JSON.stringify(keep)}.`);
}

function checkTimeout(timeout: number): number {
  if (typeof timeout === 'number' && timeout >= 0 && timeout < 2 ** 31) return timeout;
  throw new ConfigurationError(`A timeout is a number of ms from 0 (none) to 2147483647, got ${String(timeout)}.`);
}
