import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { watch, type CollectedReport, type Handle, type LocalServer } from '../definition/index.js';
import {
  asName,
  AuthenticationError,
  DEFAULT_LIMITS,
  ManagerClosedError,
  ManagerError,
  OverloadedError,
  PROTOCOL_VERSION,
  ProtocolError,
  ServerUnavailableError,
} from '../protocol/index.js';
import type { EndReason, Limits, Seal, Welcome } from '../protocol/index.js';
import {
  Authenticator,
  Endpoint,
  helloFrame,
  MalformedFrames,
  Moment,
  newNonce,
  type AuthKey,
  type End,
} from '../link/index.js';
import type { Lane, Transport, TransportState, Written } from '../transport/index.js';
import { orAborted } from './or-aborted.js';
import { Directory, pause, unreachable, type ListedServer } from './directory.js';
import { ServerSession } from './server-session.js';
import type { ServerAddress, SessionOwner } from './server-session.js';

export interface ConnectionsOptions {
  transport: Transport;
  application: string;
  timeout: number;
  limits?: Partial<Limits> | undefined;
  authkey?: AuthKey | undefined;
  onCollected: CollectedReport;
  /** Told, once a second at most, of frames that nobody can have meant. */
  onMalformed: (text: string) => void;
  local?: (() => LocalServer | undefined) | undefined;
  /** Told when it begins to connect. */
  onConnecting: () => void;
}

/** Ms between two hellos to a server that has not answered. */
const HELLO_AGAIN = 250;
/** Ms after which an unanswered hello is given up, to look for the server again. */
const HELLO_LIMIT = 5000;
/** Ms that the inbox of a manager outlives it: longer than any lease in sensible use. */
const INBOX_TTL = 120_000;

/** Ms that a server may take to prove itself after an answer that proved nothing: that may have been a stranger's. */
const DOUBT = 1000;

/** What a server says to a hello that proves its sender. */
const REFUSALS: ReadonlySet<EndReason> = new Set<EndReason>(['refused', 'overloaded', 'server-closed']);
const REFUSED_WITH: Partial<Record<EndReason, typeof ManagerError>> = {
  authkey: AuthenticationError,
  refused: ProtocolError,
  overloaded: OverloadedError,
};

interface Opening {
  readonly generation: number;
  welcome(welcome: Welcome, seal: Seal | undefined): void;
  refuse(reason: EndReason, text: string): void;
  /** An answer came that anybody could have made. */
  doubt(): void;
}

/** One manager's inbox, and its sessions at the servers. */
export class Connections implements SessionOwner {
  readonly limits: Limits;
  readonly timeout: number;
  readonly directory: Directory;
  readonly owning = new Set<ServerSession>();
  /** A proxy of the object of a ticket, at once; it is redeemed meanwhile. Set by the manager. */
  redeemed: (ticket: string) => object = () => {
    throw this.closedError();
  };
  /** Fires when the manager is closed: whatever waits for a server stops waiting. */
  readonly closed = new AbortController();

  /** Closing gave everything back: what is collected later was not forgotten. */
  readonly #collected: CollectedReport = (typeid, madeAt) => {
    if (!this.closed.signal.aborted) this.#options.onCollected(typeid, madeAt);
  };
  readonly #options: ConnectionsOptions;
  readonly #malformed: MalformedFrames;
  readonly #transport: Transport;
  readonly #endpoint: Endpoint;
  readonly #auth: Authenticator | undefined;
  readonly #byId = new Map<string, ServerSession>();
  readonly #byServer = new Map<string, ServerSession>();
  readonly #opening = new Map<string, Promise<ServerSession>>();
  readonly #handshakes = new Map<string, Opening>();
  #connecting: Promise<void> | undefined;
  #sessions = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    // As many names may be looked for as there are.
    setMaxListeners(0, this.closed.signal);
    this.#transport = options.transport;
    this.#malformed = new MalformedFrames(options.onMalformed);
    this.timeout = options.timeout;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.directory = new Directory(options.transport);
    this.#auth = options.authkey === undefined ? undefined : new Authenticator(options.authkey);
    this.#endpoint = new Endpoint(
      options.transport,
      `c-${randomBytes(16).toString('base64url')}`,
      this.limits,
      {
        find: (id) => this.#byId.get(id),
        welcome: (id, welcome, seal) => this.#handshakes.get(id)?.welcome(welcome, seal),
        ended: (id, end, seal) => this.#ended(id, end, seal),
        perished: () => this.#perished(),
        // Bytes from nobody we know concern no call of ours.
        malformed: (error) => this.#malformed.count(error),
        broken: (peer, error) => (peer as ServerSession).end('protocol', error),
        failed: (peer, error) => (peer as ServerSession).end('protocol', error),
      },
      this.#auth,
    );
  }

  /** The server in this process, where what is wanted is to be had there. */
  local(typeid: string, server: string | undefined): LocalServer | undefined {
    const local = this.#options.local?.();
    return local?.has(typeid) && (server === undefined || server === local.name) ? local : undefined;
  }

  /** Inside a server: what takes charge of references to objects of others. */
  adopter(): ((value: unknown) => unknown) | undefined {
    return this.#options.local?.()?.adopter();
  }

  get state(): TransportState {
    return this.#transport.state;
  }

  /** What keeps the medium from being connected. */
  get lastError(): Error | undefined {
    return this.#transport.lastError;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#transport.onState(listener);
  }

  get sessions(): IterableIterator<ServerSession> {
    return this.#byId.values();
  }

  /** Connects to the medium and makes the inbox, once; a failure is everybody's, and the next call tries again. */
  connect(): Promise<void> {
    if (this.closed.signal.aborted) return Promise.reject(this.closedError());
    return (this.#connecting ??= this.#connect().catch((error: unknown) => {
      this.#connecting = undefined;
      throw this.closed.signal.aborted ? this.closedError() : error;
    }));
  }

  /** An open session that has the type, if a fresh listing says that it is the one: no promise in the way of a call. */
  serving(typeid: string, server: string | undefined): ServerSession | undefined {
    const name = server ?? this.directory.chosen(typeid);
    const session = name === undefined ? undefined : this.#byServer.get(name);
    return session?.type(typeid) && session;
  }

  /** A session at a server that has the type, or at the server named; waits for one until `signal` fires. */
  async session(
    wanted: { server?: string | undefined; typeid?: string | undefined },
    signal: AbortSignal,
  ): Promise<ServerSession> {
    if (this.closed.signal.aborted) throw this.closedError();
    try {
      return await this.#session(wanted, signal);
    } catch (error) {
      // Whatever it was that gave up: it did because of this.
      if (this.closed.signal.aborted) throw this.closedError();
      throw error;
    }
  }

  /** The live servers, as of now. */
  servers(signal: AbortSignal): Promise<ListedServer[]> {
    return orAborted(this.directory.list(true), signal, () =>
      unreachable(this.#transport, {}, this.#transport.lastError),
    );
  }

  /** The session at this generation of this server: the one that is open, or a new one. */
  at(address: ServerAddress): Promise<ServerSession> {
    const open = this.#byServer.get(address.server);
    if (open && open.generation === address.generation) return Promise.resolve(open);
    let opening = this.#opening.get(address.claim);
    if (!opening) {
      opening = this.#open(address).finally(() => this.#opening.delete(address.claim));
      this.#opening.set(address.claim, opening);
    }
    return opening;
  }

  connected(): boolean {
    return this.#transport.state === 'connected';
  }

  write(inbox: string, lane: Lane, bytes: Uint8Array): Written {
    return this.#transport.write(inbox, lane, bytes);
  }

  reread(): void {
    this.#endpoint.reread();
  }

  claimOf(server: string): Promise<string | null> {
    return this.directory.claimOf(server);
  }

  watch(proxy: object, handle: Handle): void {
    watch(proxy, handle, this.#collected);
  }

  ended(session: ServerSession): void {
    this.#byId.delete(session.id);
    if (this.#byServer.get(session.server) === session) this.#byServer.delete(session.server);
    this.directory.invalidate();
  }

  /** Says goodbye, waits a moment for it to be taken, and fails what still waits. Idempotent. */
  async close(farewell: number): Promise<void> {
    if (this.closed.signal.aborted) return;
    this.closed.abort(this.closedError());
    const sessions = [...this.#byId.values()];
    for (const session of sessions) session.sayGoodbye();
    const since = new Moment();
    while (this.connected() && sessions.some((session) => !session.ended && !session.link.idle)) {
      if (since.elapsed() > farewell) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const session of sessions) session.end('manager-closed');
    await this.#endpoint.close();
    await this.#transport.close();
  }

  closedError(): ManagerClosedError {
    return new ManagerClosedError('The manager was closed.', { fate: 'not-executed' });
  }

  async #connect(): Promise<void> {
    if (this.closed.signal.aborted) throw this.closedError();
    this.#options.onConnecting();
    await this.#transport.open();
    await this.#endpoint.open(INBOX_TTL);
    this.#transport.onState((state) => {
      if (state === 'connected') for (const session of this.#byId.values()) session.reconnected();
    });
  }

  async #session(
    wanted: { server?: string | undefined; typeid?: string | undefined },
    signal: AbortSignal,
  ): Promise<ServerSession> {
    await orAborted(this.connect(), signal, () => unreachable(this.#transport, wanted));
    for (;;) {
      // A medium that has fallen silent answers no look, however long it is waited for.
      const address = await orAborted(
        this.directory.find(wanted, signal, () => this.#leaving(wanted)),
        signal,
        () => unreachable(this.#transport, wanted, this.#transport.lastError),
      );
      try {
        return await orAborted(this.at(address), signal, () =>
          unreachable(this.#transport, { server: address.server }),
        );
      } catch (error) {
        if (signal.aborted || !(error instanceof ManagerError) || !error.retryable) throw error;
        this.directory.invalidate();
        await pause(HELLO_AGAIN, signal);
      }
    }
  }

  /** Why nobody waits here for a server to come: this process is one that has closed, and calls in its last hooks must end. */
  #leaving({ server, typeid }: { server?: string | undefined; typeid?: string | undefined }): Error | undefined {
    const own = this.#options.local?.();
    if (!own?.closed) return undefined;
    const other = server === undefined || server === own.name ? 'another' : `the server "${server}"`;
    return new ManagerClosedError(
      `The server "${own.name}" has closed, and its manager does not wait for ${other}. ` +
        'Call objects of a server while it listens, as before app.close().',
      {
        fate: 'not-executed',
        server: server ?? own.name,
        ...(typeid !== undefined && { typeid }),
      },
    );
  }

  async #open(address: ServerAddress): Promise<ServerSession> {
    const id = `${this.#endpoint.owner}.${++this.#sessions}`;
    await this.#auth?.refresh();
    const key = this.#auth?.current;
    const nonce = key && newNonce();
    let doubted: NodeJS.Timeout | undefined;
    const handshake = new Promise<ServerSession>((resolve, reject) => {
      // The session stands before anything else that came with the welcome is read.
      this.#handshakes.set(id, {
        generation: address.generation,
        welcome: (welcome, sealed) => {
          if (this.closed.signal.aborted || this.#byId.has(id) || welcome.version !== PROTOCOL_VERSION) return;
          if (welcome.generation !== address.generation) return;
          const seal = key?.session(id, { client: nonce as string, server: welcome.nonce ?? '' }, 'client');
          if (seal && !(welcome.nonce && seal.holds(sealed))) return this.#handshakes.get(id)?.doubt();
          this.#handshakes.delete(id);
          const session = new ServerSession(this, id, address, welcome, seal);
          this.#byId.set(id, session);
          this.#byServer.set(address.server, session);
          resolve(session);
        },
        refuse: (reason, text) => {
          const Type = REFUSED_WITH[reason] ?? ServerUnavailableError;
          reject(new Type(text, { server: address.server, generation: address.generation, fate: 'not-executed' }));
        },
        doubt: () => {
          const text =
            `The server "${address.server}" did not prove that it has the authkey of this application: it has another, ` +
            'or none. Give both the same `authkey`.';
          const details = { server: address.server, generation: address.generation, fate: 'not-executed' } as const;
          doubted ??= setTimeout(() => reject(new AuthenticationError(text, details)), DOUBT);
        },
      });
    });
    const hello = (): Uint8Array =>
      helloFrame(
        id,
        {
          version: PROTOCOL_VERSION,
          inbox: this.#endpoint.owner,
          generation: address.generation,
          application: asName(this.#options.application),
          host: asName(hostname()),
          pid: process.pid,
          allowance: { calls: 0, bytes: this.limits.bytes },
          messageBytes: this.limits.messageBytes,
          ...(nonce !== undefined && { nonce, at: this.#transport.now() }),
        },
        key,
      );
    const stop = new AbortController();
    const settled = (): void => stop.abort();
    handshake.then(settled, settled);
    try {
      const since = new Moment();
      while (!stop.signal.aborted) {
        if (this.closed.signal.aborted) throw this.closedError();
        if (since.elapsed() > HELLO_LIMIT) throw unreachable(this.#transport, { server: address.server });
        if (this.connected()) void this.write(address.inbox, 'frames', hello());
        await pause(HELLO_AGAIN, stop.signal);
      }
      return await handshake;
    } finally {
      clearTimeout(doubted);
      this.#handshakes.delete(id);
    }
  }

  /** Nobody needs to be asked whether a server is dead that was the medium as well. */
  #perished(): void {
    for (const session of [...this.#byId.values()]) session.end('server-lost');
    this.directory.invalidate();
  }

  #ended(id: string, end: End, seal: Seal | undefined): void {
    const session = this.#byId.get(id);
    if (session) {
      if (this.#saysSo(session, end, seal)) session.end(end.reason);
      return;
    }
    const opening = this.#handshakes.get(id);
    if (opening?.generation !== end.generation) return;
    if (this.#auth) {
      // Whoever can write may have made the server say that somebody proved nothing.
      if (end.reason === 'authkey' || !this.#auth.holding(seal)) return opening.doubt();
      // Nothing else is said to a hello: it is of another time.
      if (!REFUSALS.has(end.reason)) return;
    }
    opening.refuse(end.reason, end.text);
  }

  /** Whether it is the server of the session that says that it is over, and says it now. */
  #saysSo(session: ServerSession, { reason, generation, answers }: End, seal: Seal | undefined): boolean {
    if (generation !== session.generation) return false;
    if (!session.seal || session.seal.holds(seal)) return true;
    // A server that has forgotten the session has no key of it. That word is had from it by anybody, before there is such
    // a session, too: so it counts only as the answer to a beat of now.
    return reason === 'unknown' && session.sentBeat(answers) && this.#auth?.holding(seal) !== undefined;
  }
}
