import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  claimValue,
  ConfigurationError,
  DEFAULT_LIMITS,
  encodeMessage,
  ManagerError,
  PROTOCOL_VERSION,
  ProtocolError,
  ServerClosingError,
  ServerSupersededError,
  WELCOME_BYTES,
} from '../protocol/index.js';
import type { EndReason, Hello, Limits, Seal, ServerIdentity, TypeSummary, Welcome } from '../protocol/index.js';
import {
  development,
  type ForeignObjects,
  type LocalServer,
  type Logger,
  type TypeDefinition,
} from '../definition/index.js';
import {
  Authenticator,
  beatInterval,
  Endpoint,
  endedFrame,
  inboxOfSession,
  MalformedFrames,
  newNonce,
  NO_MAC,
  ReadingClock,
  welcomeFrame,
  type AuthKey,
  type HeldKey,
  type SessionSeal,
} from '../link/index.js';
import type { Lane, Transport, Written } from '../transport/index.js';
import { CycleSearch } from './cycle-search.js';
import { Dispatcher } from './dispatcher.js';
import { Fences } from './fences.js';
import { HostedCalls } from './hosted-calls.js';
import type { Holding } from './holding.js';
import { HostedProxies } from './hosted-proxies.js';
import type { Call } from './call.js';
import type { HostedObject } from './object-table.js';
import { iteratorType } from './iterator-type.js';
import { Names } from './names.js';
import { ObjectTable } from './object-table.js';
import { ServerClaim } from './server-claim.js';
import { Seldom } from './seldom.js';
import { Session } from './session.js';
import type { SessionHost } from './session.js';
import { Tickets } from './tickets.js';
import { Turns } from './turns.js';
import { TypeRegistry } from './type-registry.js';
import { Verbs } from './verbs.js';

export interface ManagerServerOptions {
  /** One live server per name and namespace. Letters, digits, `-` and `_`. @default 'default' */
  name?: string;
  transport: Transport;
  types: readonly TypeDefinition[];
  /** Types that come with the library: registered like the others, and not told in the log. @default [] */
  builtIn?: readonly TypeDefinition[];
  /** Milliseconds that a session, and this server's own claim on its name, live without a heartbeat. @default 30000 */
  lease?: number;
  /** Takes the name without waiting for the lease of a predecessor: for a supervisor that knows it dead. @default false */
  takeover?: boolean;
  limits?: Partial<Limits>;
  /** What applications must prove to have, and this server proves to them. @default none: whoever reaches the medium may call */
  authkey?: AuthKey | undefined;
  /** Milliseconds that `close()` gives to calls under way. @default 5000 */
  closeTimeout?: number;
  logger: Logger;
}

const NAME = /^[\w-]{1,64}$/;
/** Sessions that ended are remembered so long, in leases: a client that comes back late hears why. */
const REMEMBERED = 4;
const CLOSE_TIMEOUT = 5000;
/** Bytes that an error without its stack has at most. */
const SMALLEST_ALLOWANCE = 512;
/** Ms between two looks for sessions whose lease is over: the inbox may be drained thousands of times a second. */
const EXPIRY_STEP = 50;
/** Sessions that ran out of their leases at once and are each told of, before it is one a second. */
const EXPIRIES = 10;
/** Milliseconds that the last answers have to be acknowledged when the server closes. */
const FAREWELL = 1000;

/**
 * A process that hosts shared objects. Each start is a new generation; its objects end with it.
 *
 * Nest applications use `ManagerServerModule` instead.
 */
export class ManagerServer implements SessionHost {
  readonly name: string;
  readonly lease: number;
  readonly limits: Limits;
  readonly table: ObjectTable;
  readonly dispatcher: Dispatcher;
  readonly turns = new Turns();
  /** Frees objects that only hold each other. */
  readonly cycles: CycleSearch;
  /** Shared objects in the hands of hosted code. */
  readonly proxies: HostedProxies;
  readonly #hostedCalls: HostedCalls;
  readonly types: TypeRegistry;
  /** Resolves when the server stopped by itself: another one owns its name. */
  readonly superseded: Promise<ManagerError>;

  /** How objects of other servers are reached: by the manager of this server's own, if it has one. */
  foreign: ForeignObjects | undefined;

  readonly #options: ManagerServerOptions;
  readonly #transport: Transport;
  readonly #auth: Authenticator | undefined;
  readonly logger: Logger;
  readonly #claim: ServerClaim;
  /** What clients are told of the types. */
  readonly #summaries: readonly TypeSummary[];
  readonly #names: Names;
  readonly #sessions = new Map<string, Session>();
  readonly #ended = new Map<string, { reason: EndReason; at: number; seal: SessionSeal | undefined }>();
  readonly #clock: ReadingClock;
  readonly #stop = new AbortController();
  #supersede: (error: ManagerError) => void = () => undefined;
  #identity: ServerIdentity | undefined;
  #local: LocalServer | undefined;
  #endpoint: Endpoint | undefined;
  #fences: Fences | undefined;
  #beat: NodeJS.Timeout | undefined;
  #beats = 0;
  #renewing = false;
  /** The medium or the lease was away, and what that takes to make up for was not done yet. */
  #behind = false;
  /** No name is disputed. */
  #settled = true;
  #acting = false;
  /** The last attempt to renew the lease failed: the medium is away, or takes no writes. */
  #refused = false;
  /** Reading time at which sessions were last looked through. */
  #expiredAt = 0;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  readonly #malformed = new MalformedFrames((text) => this.logger.warn(text));
  /** Tells of sessions that ended because of what their other ends did. */
  readonly #breaches = new Seldom((text) => this.logger.warn(text));
  /** Tells of those that ended because nothing was heard of them: those of one machine may do so at once. */
  readonly #expiries = new Seldom((text) => this.logger.warn(text), EXPIRIES);
  /** What is to be done when what this server's own code owns is given back: it has no session. */
  readonly #ends = new Set<() => void>();

  constructor(options: ManagerServerOptions) {
    this.#options = options;
    this.name = options.name ?? 'default';
    if (!NAME.test(this.name)) {
      throw new ConfigurationError(
        `A server's name has 1 to 64 letters, digits, "-" or "_"; got ${JSON.stringify(this.name)}.`,
      );
    }
    this.lease = options.lease ?? 30_000;
    // One step must not be a lease: after a pause every session would be over at once.
    this.#clock = new ReadingClock(Math.min(1500, this.lease / 4));
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#transport = options.transport;
    this.#auth = options.authkey === undefined ? undefined : new Authenticator(options.authkey);
    this.logger = options.logger;
    this.types = new TypeRegistry([...(options.builtIn ?? []), ...options.types]);
    this.table = new ObjectTable({
      letGo: (object) => this.#names.letGo(object),
      unrooted: (object) => this.cycles.suspect(object),
      freed: (object) => this.cycles.forget(object),
      disposeFailed: (object, error) =>
        this.report(error, `onSharedDispose() of ${object.type.typeid} #${object.id} failed`),
    });
    this.#summaries = [...this.types.byTypeid.values(), iteratorType].map(({ typeid, exposed, waits }) => ({
      typeid,
      methods: exposed,
      waits: [...waits],
    }));
    this.#claim = new ServerClaim(options.transport.claims, {
      name: this.name,
      nonce: randomBytes(8).toString('base64url'),
      lease: this.lease,
      takeover: options.takeover ?? false,
      logger: options.logger,
    });
    this.cycles = new CycleSearch(this.table);
    const identity = (): ServerIdentity => this.identity;
    this.#names = new Names({ table: this.table, claims: options.transport.claims, lease: this.lease, identity });
    const pin = (object: HostedObject, call: Call): void => this.pin(object, call);
    const tickets = new Tickets({ table: this.table, identity });
    const verbs = new Verbs({
      types: this.types.byTypeid,
      table: this.table,
      names: this.#names,
      tickets,
      objectOf: (proxy) => this.proxies.objectOf(proxy),
      identity,
      pin,
    });
    this.dispatcher = new Dispatcher({
      table: this.table,
      verb: (call) => verbs.run(call),
      mayStart: () => this.#leaseHolds,
    });
    this.proxies = new HostedProxies({
      table: this.table,
      types: this.types,
      identity,
      server: this,
      calls: () => this.#hostedCalls,
      limits: this.limits,
      redeem: (number, secret) => {
        let found: { proxy: object; holding: Holding } | undefined;
        tickets.redeem(number, secret, (object) => (found = this.proxies.unborrowed(object)));
        return found as { proxy: object; holding: Holding };
      },
      foreign: () => this.foreign,
      onCollected: (typeid, madeAt) => this.#collected(typeid, madeAt),
    });
    this.#hostedCalls = new HostedCalls({
      dispatcher: this.dispatcher,
      limits: this.limits,
      server: this,
      closed: () => this.#closed,
      self: () => ({ id: `server ${this.name}`, application: `server ${this.name}` }),
      logger: options.logger,
      onEnd: (fn) => this.#onClosed(fn),
      nextFence: () => this.nextFence(),
      mayStart: () => this.#leaseHolds,
      report: (error, context) => this.report(error, context),
      lend: (value, borrower, lent, from) => this.proxies.lend(value, borrower, lent, from),
    });
    this.superseded = new Promise((resolve) => (this.#supersede = resolve));
  }

  get identity(): ServerIdentity {
    if (!this.#identity) throw new ConfigurationError('The server has not started.');
    return this.#identity;
  }

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /**
   * Connects, takes the name, and listens. Waits for the lease of a predecessor of the same name. Rejects with
   * ServerClosingError where `close` comes before it is done.
   */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    try {
      await (this.#starting = this.#start(signal));
    } catch (error) {
      // Whatever step it was that failed: what closing takes away is missing everywhere.
      signal.throwIfAborted();
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const bytes = encodeMessage(this.#summaries, { messageBytes: Infinity }).length;
    if (bytes > WELCOME_BYTES / 2) {
      throw new ConfigurationError(
        `The types of the server "${this.name}" and their members take ${bytes} bytes to tell, and at most ${WELCOME_BYTES / 2} may be told.`,
      );
    }
    await this.#auth?.refresh();
    signal.throwIfAborted();
    await this.#transport.open();
    signal.throwIfAborted();
    this.#identity = await this.#claim.acquire(signal);
    signal.throwIfAborted();
    const { generation } = this.#identity;
    this.#fences = new Fences(generation, () => this.#transport.claims.nextGeneration());
    this.#acting = true;
    this.#endpoint = new Endpoint(
      this.#transport,
      `s-${this.name}-${generation}`,
      this.limits,
      {
        find: (session) => this.#sessions.get(session),
        hello: (session, hello, seal) => this.#hello(session, hello, seal),
        unknown: (session, seal) => this.#unknown(session, seal),
        drained: () => {
          this.turns.next();
          this.#expire();
        },
        beatsDrained: () => this.#expire(),
        restarted: () => this.#clock.interrupted(),
        malformed: (error) => this.#malformed.count(error),
        broken: (peer, error) => this.broken(peer as Session, error),
        failed: (peer, error) => this.#failed(peer as Session, error),
      },
      this.#auth,
    );
    await this.#endpoint.open(Math.max(this.lease * 2, 10_000));
    signal.throwIfAborted();
    await this.#announce();
    signal.throwIfAborted();
    this.#transport.onState((state) => {
      if (state === 'connected') void this.#renew(true);
    });
    this.#beat = setInterval(() => void this.#renew(false), beatInterval(this.lease));
    for (const type of this.#options.types) {
      this.logger.log(`Type ${type.typeid} exposes: ${type.exposed.join(', ') || 'nothing'}`);
    }
    const { logger } = this;
    const host = { logger, unlink: (typeid: string, name: string) => this.#names.unlink(typeid, name) };
    for (const { resources } of this.types.byTypeid.values()) resources?.open(host);
    if (!this.#auth && !development) {
      this.logger.warn(
        'No `authkey` is set: whoever can write to the medium can call every object. Set one, or be sure that nobody can.',
      );
    }
    this.logger.log(`Manager server "${this.name}", generation ${generation}, lease ${this.lease} ms, is listening`);
  }

  /** Refuses what has not started, lets the rest finish, tells the sessions, gives every claim back. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** The server, as its own manager uses it. */
  get local(): LocalServer {
    return (this.#local ??= this.#makeLocal());
  }

  #makeLocal(): LocalServer {
    const closed = (): boolean => this.#closed;
    return {
      name: this.name,
      generation: this.identity.generation,
      has: (typeid) => this.types.byTypeid.has(typeid),
      get closed() {
        return closed();
      },
      adopter: () => {
        const borrower = this.proxies.current();
        return (value) => this.proxies.adopt(value, borrower?.ended ? undefined : borrower);
      },
      verb: (verb, args) => this.#hostedCalls.call(undefined, verb, args, {}, this.proxies.current()),
    };
  }

  /** Holds an object until the call is concluded. */
  pin(object: HostedObject, call: Call): void {
    object.enter();
    call.borrow({ end: () => this.table.leave(object) });
  }

  mayAct(): boolean {
    return this.#leaseHolds && this.#transport.state === 'connected';
  }

  /** Code that runs, and lines of calls that were let in, go on while the medium is away, for as long as the lease lasts. */
  get #leaseHolds(): boolean {
    return this.#acting && this.#claim.valid;
  }

  mayStart(): boolean {
    return this.#acting && this.#claim.ticking && this.#transport.state === 'connected';
  }

  arrivalTime(): number {
    return this.#clock.arrival();
  }

  nextFence(): bigint {
    return (this.#fences as Fences).next();
  }

  write(inbox: string, lane: Lane, bytes: Uint8Array): Written {
    return this.mayAct() && this.send(inbox, lane, bytes);
  }

  send(inbox: string, lane: Lane, bytes: Uint8Array): Written {
    return this.#transport.write(inbox, lane, bytes);
  }

  report(error: unknown, context: string): void {
    const text = error instanceof Error ? error.message : String(error);
    this.logger.error(`${context}: ${text}`, error instanceof Error ? error.stack : undefined);
  }

  #onClosed(fn: () => void): () => void {
    this.#ends.add(fn);
    return () => this.#ends.delete(fn);
  }

  #collected(typeid: string, madeAt: Error | undefined): void {
    if (this.closing) return;
    const where = madeAt?.stack?.split('\n').slice(1).join('\n');
    this.logger.warn(
      `A proxy of ${typeid} that code of the server held was collected without having been released; it was released now.` +
        (where ? ` Made at:\n${where}` : ''),
    );
  }

  broken(session: Session, error: ProtocolError): void {
    this.#breaches.say(`Session ${session.id} of ${session.application} ends: ${error.message}`);
    void this.write(session.inbox, 'frames', this.#endedFrame(session.id, 'protocol', error.message, session.seal));
    this.#end(session, 'protocol');
  }

  #failed(session: Session, error: unknown): void {
    this.report(error, `A frame of session ${session.id} could not be handled`);
    this.broken(session, new ProtocolError('The server failed when it handled a frame.', { session: session.id }));
  }

  #hello(id: string, hello: Hello, seal: Seal | undefined): void {
    if (hello.generation !== this.identity.generation || inboxOfSession(id) !== hello.inbox) return;
    const key = this.#auth?.holding(seal);
    if (this.#auth && !(key && hello.nonce !== undefined && this.#isFresh(hello)))
      return this.#unproven(id, hello, key);
    // One that stands is not refused: its hello was late, or is repeated by somebody else.
    if (!this.#sessions.has(id)) {
      if (this.#ended.has(id)) return this.#unknown(id, seal);
      const refusal = this.#refusal(hello);
      if (refusal) {
        void this.write(hello.inbox, 'frames', this.#endedFrame(id, ...refusal, key));
        return;
      }
      this.#sessions.set(id, new Session(this, id, hello, key && this.#proof(id, hello, key)));
      this.logger.debug?.(`Session ${id} of ${hello.application} on ${hello.host} (${hello.pid}) opened`);
    }
    const { nonce, seal: proven } = this.#sessions.get(id) as Session;
    const welcome: Welcome = {
      ...(nonce !== undefined && { nonce }),
      version: PROTOCOL_VERSION,
      generation: this.identity.generation,
      lease: this.lease,
      allowance: { calls: this.limits.calls, bytes: this.limits.bytes },
      messageBytes: this.limits.messageBytes,
      types: this.#summaries,
    };
    void this.write(hello.inbox, 'frames', welcomeFrame(id, welcome, proven));
  }

  /** Why no session can be opened, if so. */
  #refusal(hello: Hello): [reason: EndReason, text: string] | undefined {
    if (hello.version !== PROTOCOL_VERSION) {
      return ['refused', `The server speaks version ${PROTOCOL_VERSION} of the protocol, the client ${hello.version}.`];
    }
    const bytes = Math.min(hello.allowance.bytes, hello.messageBytes);
    if (bytes < SMALLEST_ALLOWANCE) {
      return ['refused', `The client takes ${bytes} bytes at once, which is too little for any answer.`];
    }
    if (this.closing) return ['server-closed', 'The server is closing.'];
    if (this.#sessions.size >= this.limits.sessions) {
      return [
        'overloaded',
        `The server "${this.name}" has ${this.#sessions.size} sessions, which is as many as it may.`,
      ];
    }
    return undefined;
  }

  #proof(id: string, hello: Hello, key: HeldKey): { nonce: string; seal: SessionSeal } {
    const nonce = newNonce();
    return { nonce, seal: key.session(id, { client: hello.nonce as string, server: nonce }, 'server') };
  }

  /** A session that ended is remembered for as long as its hello would be taken: none of them can be opened again. */
  #isFresh(hello: Hello): boolean {
    return Math.abs(this.#transport.now() - (hello.at ?? 0)) < this.lease * REMEMBERED;
  }

  #unproven(id: string, hello: Hello, key: HeldKey | undefined): void {
    const who = `${hello.application} on ${hello.host} (${hello.pid})`;
    this.#auth?.refreshSoon();
    this.#malformed.count(
      new ProtocolError(
        `${who} said hello ${key ? 'with a proof that is too old' : 'without a valid proof of the authkey'}.`,
      ),
    );
    if (this.#sessions.has(id)) return;
    const text = key
      ? `The proof that came with a hello was too old for the server "${this.name}".`
      : `The server "${this.name}" has an authkey, and the application did not prove that it has the same.`;
    void this.write(hello.inbox, 'frames', this.#endedFrame(id, 'authkey', text, key ?? this.#auth?.current));
  }

  #endedFrame(
    id: string,
    reason: EndReason,
    text: string,
    seal: HeldKey | SessionSeal | undefined,
    answers: Uint8Array = NO_MAC,
  ): Uint8Array {
    return endedFrame(id, { reason, text, generation: this.identity.generation, answers }, seal);
  }

  /** Says again why a session is over, once for each frame or beat that comes for it. */
  #unknown(id: string, seal: Seal | undefined): void {
    const ended = this.#ended.get(id);
    const reason = ended?.reason ?? 'unknown';
    const text = `Session ${id} is not known at the server "${this.name}": ${reason}.`;
    // With what key a forgotten session was opened is forgotten, too, and while keys are changed its client may have but one.
    const seals = ended?.seal ? [ended.seal] : (this.#auth?.every ?? [undefined]);
    for (const one of seals) {
      void this.write(inboxOfSession(id), 'frames', this.#endedFrame(id, reason, text, one, seal?.mac));
    }
  }

  /** Every beat that waited has been read: those who are still not heard of have no excuse. */
  #expire(): void {
    // Where Redis refuses our own renewals it takes nobody's beats either.
    if (this.#refused) this.#clock.interrupted();
    this.#clock.drained();
    const now = this.#clock.now();
    if (now - this.#expiredAt < EXPIRY_STEP || !this.mayAct()) return;
    this.#expiredAt = now;
    for (const session of this.#sessions.values()) {
      if (now - session.heardAt >= this.lease) {
        this.#expiries.say(
          `Session ${session.id} of ${session.application} on ${session.host} (${session.pid}) gave no sign of life ` +
            `for ${this.lease} ms: its ${session.grants.size} references are given back`,
        );
        this.#end(session, 'expired');
      } else if (session.isDeaf(this.lease)) {
        const text = `Nothing that it was sent was acknowledged for ${this.lease} ms, though it beats.`;
        this.broken(session, new ProtocolError(text, { session: session.id }));
      } else if (session.ended) this.#end(session, session.ended);
    }
  }

  #end(session: Session, reason: EndReason): void {
    session.end(reason);
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    const { seal } = session;
    this.#ended.set(session.id, { reason: session.ended ?? reason, at: performance.now(), seal });
    this.logger.debug?.(`Session ${session.id} of ${session.application} ended: ${session.ended ?? reason}`);
  }

  /** A session that said goodbye. */
  left(session: Session): void {
    session.link.farewell();
    this.#end(session, 'closed');
  }

  async #renew(reconnected: boolean): Promise<void> {
    this.#behind ||= reconnected || !this.mayAct();
    if (this.#renewing || this.closing) return;
    this.#renewing = true;
    const behind = this.#behind;
    this.#behind = false;
    this.#auth?.refreshSoon();
    try {
      // Where its lease had run out, its names may be another's: nothing starts before they were asserted too.
      if (!this.#claim.valid) this.#acting = false;
      await this.#claim.renew();
      this.#refused = false;
      if (behind || !this.#settled || this.#beats++ % 12 === 0) {
        await this.#forgetDead();
        this.#settled = await this.#names.renew((object) => {
          this.logger.warn(`${object.type.typeid} #${object.id} lost its name to another server; its holders are told`);
          this.table.evict(object);
        });
      }
      this.#acting = true;
      await this.#announce();
      this.#forgetEnded();
      this.dispatcher.resume();
      this.#hostedCalls.resume();
      if (behind) for (const session of this.#sessions.values()) this.#revive(session);
    } catch (error) {
      this.#behind ||= behind;
      this.#refused = true;
      if (error instanceof ServerSupersededError) await this.#superseded(error);
      // Otherwise the medium cannot be reached; the lease runs on, and the next beat tries again.
    } finally {
      this.#renewing = false;
    }
  }

  /** After a time in which frames were neither taken nor written: what was missed on either side is sent again. */
  #revive(session: Session): void {
    session.link.resend();
    session.link.request();
    session.resume();
  }

  async #superseded(error: ServerSupersededError): Promise<void> {
    this.#acting = false;
    this.logger.error(error.message);
    for (const session of [...this.#sessions.values()]) this.#end(session, 'superseded');
    await this.close();
    this.#supersede(error);
  }

  /** What a server announced outlives it if it was killed. One that lives after all says it again with its next beat. */
  async #forgetDead(): Promise<void> {
    const { claims } = this.#transport;
    for (const name of (await claims.announced()).keys()) {
      if (name !== this.name && !(await claims.read({ kind: 'server', tag: name }))) await claims.announce(name, null);
    }
  }

  async #announce(): Promise<void> {
    const { generation, nonce } = this.identity;
    const text = JSON.stringify({
      generation,
      claim: claimValue({ name: this.name, generation, nonce }),
      inbox: (this.#endpoint as Endpoint).owner,
      types: [...this.types.byTypeid.keys()],
      lease: this.lease,
      objects: this.table.size,
      sessions: this.#sessions.size,
      host: hostname(),
      pid: process.pid,
    });
    await this.#transport.claims.announce(this.name, text);
  }

  #forgetEnded(): void {
    // By the clock that nobody sets: what is forgotten too soon could be opened again by its hello.
    const before = performance.now() - this.lease * REMEMBERED;
    for (const [id, { at }] of this.#ended) {
      if (at > before) break;
      this.#ended.delete(id);
    }
  }

  async #close(): Promise<void> {
    this.#stop.abort(new ServerClosingError('The server was closed before it had started.'));
    // A start that is under way ends with its present step, and what that takes is given back below: as long as there is a
    // medium that takes it back.
    if (this.#starting && this.#transport.state === 'connected') await orLater(this.#starting.catch(() => undefined));
    clearInterval(this.#beat);
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.refuseWaiting();
    const until = performance.now() + (this.#options.closeTimeout ?? CLOSE_TIMEOUT);
    const own = this.#hostedCalls;
    await settled(
      () => own.underWay === 0 && sessions.every((session) => session.ended || session.underWay === 0),
      until,
    );
    for (const session of sessions) session.sayGoodbye();
    await settled(
      () => !this.mayAct() || sessions.every((session) => session.ended || session.link.idle),
      performance.now() + FAREWELL,
    );
    for (const session of sessions) this.#end(session, 'server-closed');
    if (this.#identity && this.#transport.state === 'connected') {
      const farewell = Promise.allSettled([
        this.#names.close(),
        this.#acting ? this.#transport.claims.announce(this.name, null) : undefined,
        this.#claim.release(),
      ]);
      await orLater(farewell);
    }
    this.#closed = true;
    // First, so that nobody who still waits is given what the others had.
    own.close();
    for (const end of [...this.#ends]) end();
    this.#ends.clear();
    this.cycles.stop();
    this.turns.stop();
    for (const object of [...this.table.objects()]) this.table.evict(object);
    await Promise.all(
      [...this.types.byTypeid.values()].map(async ({ typeid, resources }) => {
        try {
          await resources?.close();
        } catch (error) {
          this.report(error, `What belongs to ${typeid} could not be closed`);
        }
      }),
    );
    this.#acting = false;
    await this.#endpoint?.close();
    await this.#transport.close();
    this.logger.log(`Manager server "${this.name}" closed`);
  }
}

/** Waits for what the medium may never answer, but no longer than a farewell takes. */
function orLater(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, new Promise((resolve) => setTimeout(resolve, FAREWELL).unref())]);
}

/** Waits until something holds, for a bounded time. Only used to close, where nothing is left to wake who waits. */
async function settled(holds: () => boolean, until: number): Promise<void> {
  while (!holds() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
}
