import {
  currentTask,
  development,
  Handle,
  handleOf,
  ITERATOR,
  proxyClassOf,
  releaseWithin,
  placeOfCall,
  Unready,
  type CallOptions,
  type ObjectToken,
  type Target,
  type OnLost,
  tellLost,
} from '../definition/index.js';
import {
  CallTimeoutError,
  decodeError,
  encodeMessage,
  END_REASONS,
  KEPT,
  lightBytesOfAll,
  ManagerClosedError,
  ManagerError,
  MessageKind,
  ObjectLostError,
  OverloadedError,
  prepareValue,
  ProtocolError,
  SessionExpiredError,
  stateOfClaim,
  WireReference,
} from '../protocol/index.js';
import type { EndReason, Fate, Limits, ReferenceScope, Welcome } from '../protocol/index.js';
import { Absence, BeatCounter, beatFrame, beatInterval, Link, macOf } from '../link/index.js';
import type { Peer, SessionSeal } from '../link/index.js';
import type { Lane, Written } from '../transport/index.js';
import { abortedError, lostError, notSent } from './failures.js';
import { heldThrough, type Held } from './held.js';
import type { KnownType } from './known-type.js';
import { callLater, type LaterCall } from './later-call.js';
import { ObjectRecord, type RecordSession } from './object-record.js';
import { onAbort } from './on-abort.js';
import { PendingCalls } from './pending-calls.js';
import type { Pending } from './pending-calls.js';

/** What a session needs of its manager. */
export interface SessionOwner {
  readonly limits: Limits;
  /** Ms that a call waits by default. */
  readonly timeout: number;
  connected(): boolean;
  write(inbox: string, lane: Lane, bytes: Uint8Array): Written;
  reread(): void;
  /** Has the collector release what a proxy value leaves. */
  watch(proxy: object, handle: Handle): void;
  /** A proxy of an object of another server, which came with a ticket. */
  redeemed(ticket: string): object;
  /** The sessions of this manager in which somebody owns something: kept by the sessions. */
  readonly owning: Set<ServerSession>;
  /** The claim that stands on the server's name; null where its lease is over. Rejects where the medium is away. */
  claimOf(server: string): Promise<string | null>;
  ended(session: ServerSession): void;
}

export interface ServerAddress {
  readonly server: string;
  readonly generation: number;
  readonly inbox: string;
  /** What stands on the server's name while this generation owns it. */
  readonly claim: string;
}

/** The most that a call takes without its arguments and what its strings hold: its head, four numbers, the heads of strings. */
const CALL_BYTES = 48;
/** Beats without an answer after which the server's claim is looked at. */
const SILENT_BEATS = 2;
/** The answer to a beat is waited for while so many others are sent. */
const BEATS_KNOWN = 8;

/**
 * The life of this manager at one generation of a server: its calls, its references, its lease. Once the lease may be
 * over, no answer is taken and nothing is sent until the server has said that it still knows the session.
 */
export class ServerSession implements Peer, RecordSession {
  readonly id: string;
  readonly server: string;
  readonly generation: number;
  readonly lease: number;
  readonly link: Link;
  readonly seal: SessionSeal | undefined;
  readonly scope: ReferenceScope;
  ended: EndReason | 'server-lost' | 'manager-closed' | undefined;

  readonly #owner: SessionOwner;
  readonly #address: ServerAddress;
  readonly #limits: Limits;
  readonly #types = new Map<string, KnownType>();
  readonly #records = new Map<number, ObjectRecord>();
  readonly #pending: PendingCalls;
  readonly #beats = new BeatCounter();
  readonly #timer: NodeJS.Timeout;
  /** Fires at the end of the lease, where no beat is answered before. */
  #end: NodeJS.Timeout | undefined;
  #calls = 0;
  /** Goodbye was said: nothing else is asked of the server. */
  #leaving = false;
  #beatHeard = 0;
  /** MACs of the last beats. */
  #lately: Uint8Array[] = [];
  #suspect = false;
  readonly #absence: Absence;
  #looking = false;
  /** Told when the lease is over, or may be. */
  readonly #onLost = new Set<OnLost>();
  /** While a message is made: the targets of the proxies in it, and the tickets that stand for some of them. */
  #pins: Target[] | undefined;
  #tickets: ReadonlyMap<object, WireReference> | undefined;
  /** The iterators in the answer that is being read. */
  readonly #iterators: Handle[] = [];
  /** In development: the references in the answer that is being read. */
  #arrived: Handle[] = [];

  constructor(owner: SessionOwner, id: string, address: ServerAddress, welcome: Welcome, seal?: SessionSeal) {
    this.#owner = owner;
    this.#address = address;
    this.id = id;
    this.server = address.server;
    this.generation = address.generation;
    this.lease = welcome.lease;
    this.#absence = new Absence(this.lease);
    this.seal = seal;
    // What is larger than the whole credit would wait for ever.
    const messageBytes = Math.min(owner.limits.messageBytes, welcome.messageBytes, welcome.allowance.bytes);
    this.#limits = { ...owner.limits, messageBytes };
    for (const { typeid, methods, waits } of welcome.types) {
      const proxyClass = proxyClassOf(typeid, methods);
      this.#types.set(typeid, { typeid, methods: new Set(methods), waits: new Set(waits), proxyClass });
    }
    this.link = new Link({
      session: id,
      window: { calls: 0, bytes: owner.limits.bytes },
      write: (lane, bytes) => owner.write(address.inbox, lane, bytes),
      mac: seal?.mac,
      mayWrite: () => owner.connected() && this.#leaseHolds(),
      deliver: (messages, sizes) => this.#deliver(messages, sizes),
      onBroken: (error) => this.end('protocol', error),
    });
    this.link.allow(welcome.allowance);
    this.scope = { toWire: (value) => this.#toWire(value), fromWire: (reference) => this.#fromWire(reference) };
    this.#pending = new PendingCalls((pending) => this.#timeOut(pending));
    this.#timer = setInterval(() => this.#beat(), beatInterval(this.lease));
    this.#timer.unref();
    this.#beat();
  }

  /** Whether the lease may be over: answers are not taken and calls wait until the server was asked. */
  get suspect(): boolean {
    return this.#suspect;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  type(typeid: string): KnownType | undefined {
    return this.#types.get(typeid);
  }

  /** Calls a method of an object, or a verb of the server (object 0). */
  call(
    object: number,
    method: string,
    args: readonly unknown[],
    options: CallOptions,
    record?: ObjectRecord,
    handle?: Handle,
    tickets?: ReadonlyMap<object, WireReference>,
  ): Promise<unknown> {
    // Whoever owns something, at any server, hears that it may be lost before any further call leaves.
    const { owning } = this.#owner;
    if (owning.size > 0) for (const session of owning) session.#leaseHolds();
    if (this.ended || this.#leaving) return Promise.reject(this.endedError(record, 'not-executed'));
    if (record?.lost) return Promise.reject(lostError(record));
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortedError(method, record, signal.reason, 'not-executed'));
    if (this.link.blocked >= this.#limits.queued || this.link.pendingBytes >= this.#limits.bytes * KEPT) {
      return Promise.reject(this.#overloaded(method));
    }
    const waits = record !== undefined && record.type.waits.has(method);
    const released = waits ? handle?.releasing : undefined;
    if (released?.over) return Promise.reject(abortedError(method, record, released.reason, 'not-executed'));
    const timeout = options.timeout ?? (waits ? 0 : this.#owner.timeout);
    if (record?.line && !tickets) return this.#later(object, { method, args, signal, timeout, record }, handle);
    const number = ++this.#calls;
    const size = lightBytesOfAll(args);
    const task = currentTask();
    // UTF-8 has three bytes at most for each character that a string counts.
    const most = size === undefined ? Infinity : size + CALL_BYTES + (method.length + task.length) * 3;
    let message: unknown[] | Uint8Array;
    this.#tickets = tickets;
    try {
      const prepared = size === undefined ? prepareValue(args, this.scope, this.#limits, 'args') : args;
      message = [MessageKind.call, number, object, method, prepared, timeout, task];
      if (most > this.#limits.messageBytes) message = encodeMessage(message, this.#limits);
    } catch (error) {
      for (const target of this.#takePins() ?? []) target.release();
      if (error instanceof Unready) {
        return this.#later(object, { method, args, signal, timeout, record }, handle);
      }
      return Promise.reject(notSent(error, method, record));
    } finally {
      this.#tickets = undefined;
    }
    const pins = this.#takePins();
    return new Promise((resolve, reject) => {
      const deadline = timeout > 0 ? this.link.turn() + timeout : Infinity;
      const pending: Pending = {
        number,
        method,
        typeid: record?.typeid,
        record,
        pins,
        madeAt: record && placeOfCall(),
        handle,
        resolve,
        reject,
        timeout,
        deadline,
        outgoing: undefined,
        unlisten: undefined,
      };
      if (signal) this.#listen(pending, signal);
      if (released)
        unlistenToo(
          pending,
          released.listen((reason) => this.#abort(pending, reason)),
        );
      record?.pin();
      this.#pending.add(pending);
      pending.outgoing =
        message instanceof Uint8Array ? this.link.send(message, 1, true) : this.link.sendLight(message, most, 1);
    });
  }

  onLost(fn: OnLost): () => void {
    if (this.ended || !this.#leaseHolds()) tellLost([fn], this.#lostReason());
    else {
      this.#onLost.add(fn);
      this.#owner.owning.add(this);
    }
    return () => {
      this.#onLost.delete(fn);
      if (this.#onLost.size === 0) this.#owner.owning.delete(this);
    };
  }

  /** Takes a name's object if it still is the very one that was held before; undefined where it is not. */
  async attach(typeid: string, name: string, id: number, options: CallOptions): Promise<object | undefined> {
    return ((await this.call(0, 'attach', [typeid, name, id], options)) as object | null) ?? undefined;
  }

  watch(proxy: object, handle: Handle): void {
    this.#owner.watch(proxy, handle);
  }

  /** No handle and no call needs the object any more. */
  giveBack(record: ObjectRecord): void {
    if (this.#records.get(record.id) !== record) return;
    this.#records.delete(record.id);
    if (this.ended || record.lost) return;
    this.link.send(encodeMessage([MessageKind.release, record.id, record.grant], this.#limits), 0, false);
  }

  /** In development: what is known here of its reference to an object. */
  held(id: number): Held | undefined {
    const record = development ? this.#records.get(id) : undefined;
    return record && heldThrough(record);
  }

  /** The most bytes that an answer may have. */
  get answerBytes(): number {
    return Math.min(this.#limits.messageBytes, this.#owner.limits.bytes);
  }

  takes(): boolean {
    return this.#leaseHolds();
  }

  beat(number: number, echo: number): void {
    if (number <= this.#beatHeard) return;
    this.#beatHeard = number;
    this.#absence.over();
    if (!this.#beats.acknowledged(echo)) return;
    if (this.#suspect && this.#beats.elapsed() < this.lease) {
      this.#suspect = false;
      this.link.resend();
      this.link.request();
    }
  }

  /** Whether one of the last beats has this MAC. */
  sentBeat(mac: Uint8Array): boolean {
    return this.#lately.some((one) => Buffer.compare(one, mac) === 0);
  }

  /** The medium is back after it was away: what may have been lost goes out again, and a beat does not wait its turn. */
  reconnected(): void {
    if (this.ended) return;
    this.link.resend();
    this.link.request();
    this.#beat();
  }

  /** A reference in a message that could not be resolved spoils only that message. */
  complete(message: unknown[], failure: { readonly error: unknown } | undefined): unknown[] {
    if (this.#iterators.length > 0) {
      const maker = this.#pending.maker(numberOf(message));
      for (const handle of this.#iterators.splice(0)) if (maker) handle.comesFrom(maker);
    }
    if (this.#arrived.length > 0) {
      const madeAt = this.#pending.madeAt(numberOf(message));
      for (const handle of this.#arrived.splice(0)) handle.madeAt = madeAt;
    }
    return failure ? [MessageKind.error, message[1], failure.error, 'executed'] : message;
  }

  /** Goodbye in order: what was sent before it is handled, then everything held is given back. */
  sayGoodbye(): void {
    this.#leaving = true;
    if (!this.ended) this.link.send(encodeMessage([MessageKind.bye, 'closed'], this.#limits), 0, false);
  }

  /** The session is over. Every call that waits fails, with what is known of it; every proxy says so from now on. */
  end(reason: NonNullable<ServerSession['ended']>, cause?: unknown): void {
    if (this.ended) return;
    this.ended = reason;
    clearInterval(this.#timer);
    clearTimeout(this.#end);
    this.#lost();
    for (const pending of this.#pending.takeAll()) {
      const fate: Fate = pending.outgoing?.state === 'sent' ? 'unknown' : 'not-executed';
      const error = this.endedError(pending.record, fate, pending.method, cause);
      if (pending.record && error instanceof ObjectLostError) pending.record.told = true;
      pending.reject(error);
      unpin(pending);
    }
    this.link.close();
    this.#records.clear();
    this.#owner.ended(this);
  }

  endedError(record: ObjectRecord | undefined, fate: Fate, method?: string, cause?: unknown): ManagerError {
    const details = {
      fate,
      session: this.id,
      server: this.server,
      generation: this.generation,
      ...(record && { typeid: record.typeid, objectId: record.id }),
      ...(method !== undefined && { method }),
      ...(cause !== undefined && { cause }),
    };
    const what = record ? `${record.typeid} #${record.id}` : `The session at "${this.server}"`;
    switch (this.ended ?? (this.#leaving && 'closed')) {
      case 'manager-closed':
      // It said goodbye, whether or not the server has heard it.
      case 'closed':
        return new ManagerClosedError('The manager was closed.', details);
      case 'server-closed':
      case 'superseded':
      case 'server-lost':
        return new ObjectLostError(
          `${what} is gone: generation ${this.generation} of the server "${this.server}" ${
            this.ended === 'server-closed' ? 'was closed' : this.ended === 'superseded' ? 'was replaced' : 'died'
          }.`,
          details,
        );
      default:
        return new SessionExpiredError(
          `${what} is not held any more: session ${this.id} at the server "${this.server}" ended (${this.ended ?? 'unknown'}).`,
          details,
        );
    }
  }

  #leaseHolds(): boolean {
    if (this.#suspect || this.ended) return false;
    if (this.#beats.elapsed() < this.lease) return true;
    this.#suspect = true;
    this.#lost();
    return false;
  }

  /**
   * Beats fall on the end of the lease, and one that comes a moment too early would leave owners in the belief for another
   * beat, in which the server gives what they had to others.
   */
  #expectEnd(): void {
    if (!this.#leaseHolds()) return;
    const left = this.lease - this.#beats.elapsed();
    if (left > beatInterval(this.lease)) return;
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.#expectEnd(), Math.ceil(left));
    this.#end.unref();
  }

  /** What they say now is the first that the server hears of this session, if it hears of it again. */
  #lost(): void {
    const told = [...this.#onLost];
    this.#onLost.clear();
    this.#owner.owning.delete(this);
    if (told.length > 0) tellLost(told, this.#lostReason());
  }

  #lostReason(): ManagerError {
    if (this.ended) return this.endedError(undefined, 'not-executed');
    return new SessionExpiredError(
      `The lease of session ${this.id} at the server "${this.server}" is over, or may be: what it owned may be another's.`,
      { session: this.id, server: this.server, generation: this.generation },
    );
  }

  #beat(): void {
    if (this.ended) return;
    this.#expectEnd();
    if (this.#owner.connected()) {
      if (this.#beats.unanswered > 0) this.#owner.reread();
      if (this.#beats.unanswered >= SILENT_BEATS) void this.#look();
      const frame = beatFrame(this.link, this.#beats.next(), this.#beatHeard);
      if (this.seal) this.#lately = [macOf(frame), ...this.#lately.slice(0, BEATS_KNOWN - 1)];
      void this.#owner.write(this.#address.inbox, 'beats', frame);
    } else {
      // Nobody can see a claim, nor renew one: what is absent is so from when it can be looked for again.
      this.#absence.over();
    }
    this.link.retry();
  }

  /** The server is silent: is its name another's, or its lease long over? */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const state = stateOfClaim(await this.#owner.claimOf(this.server), this.#address.claim);
      if (state === 'alive') this.#absence.over();
      else if (state === 'superseded') this.end('superseded');
      else if (this.#absence.seen()) this.end('server-lost');
    } catch {
      // The medium is away: that says nothing of the server, whose absence is counted anew once it can be seen.
      this.#absence.over();
    } finally {
      this.#looking = false;
    }
  }

  #deliver(messages: readonly unknown[][], sizes: readonly number[]): void {
    let bytes = 0;
    for (let i = 0; i < messages.length && !this.ended; i++) {
      const message = messages[i] as unknown[];
      switch (message[0]) {
        case MessageKind.result:
          bytes += sizes[i] as number;
          this.#result(numberOf(message), message[2], message[3] === true);
          break;
        case MessageKind.error:
          bytes += sizes[i] as number;
          this.#error(numberOf(message), message[2], fateOf(message[3]));
          break;
        case MessageKind.bye:
          this.link.farewell();
          this.end(reasonOf(message[1]));
          break;
        default:
          this.end('protocol', new ProtocolError(`The server "${this.server}" sent a message that is none.`));
      }
    }
    if (bytes > 0 && this.link.charge(0, bytes)) this.link.consumed(0, bytes);
  }

  #result(number: number, value: unknown, handsOver: boolean): void {
    const pending = this.#pending.take(number);
    if (pending) {
      pending.resolve(value);
      unpin(pending);
    } else {
      releaseWithin(value);
      if (handsOver) this.link.send(encodeMessage([MessageKind.unwanted, number], this.#limits), 0, false);
    }
    if (handsOver) this.link.acknowledge();
  }

  #error(number: number, wire: unknown, fate: Fate): void {
    const pending = this.#pending.take(number);
    if (!pending) return;
    const error = wire instanceof ManagerError ? wire : decodeError(wire);
    const { record } = pending;
    // What the error says itself may be the fate of a call that hosted code made.
    if (error instanceof ManagerError) Object.assign(error, { fate });
    if (record && error instanceof ObjectLostError && error.objectId === record.id && fate === 'not-executed') {
      record.lost = record.told = true;
    }
    pending.reject(error);
    unpin(pending);
  }

  #toWire(value: object): WireReference | undefined {
    const handle = handleOf(value);
    if (!handle) return undefined;
    const ticket = this.#tickets?.get(value);
    if (ticket) return ticket;
    handle.expectHeld('be passed');
    const { target } = handle;
    if (!this.#nameable(target)) throw new Unready(value, handle);
    const token = target.identity() as ObjectToken;
    // What the server resolves on receipt is not given back before the call was answered.
    target.retain();
    (this.#pins ??= []).push(target);
    return new WireReference(token.typeid, token.id, 0);
  }

  /** Whether the server knows the object as one that this session holds. */
  #nameable(target: Target): boolean {
    const token = target.identity();
    if (token?.server !== this.server || token.generation !== this.generation) return false;
    return target instanceof ObjectRecord || this.#records.has(token.id);
  }

  #takePins(): Target[] | undefined {
    const pins = this.#pins;
    this.#pins = undefined;
    return pins;
  }

  #later(
    object: number,
    call: Pick<LaterCall, 'method' | 'args' | 'signal' | 'timeout' | 'record'>,
    handle: Handle | undefined,
  ): Promise<unknown> {
    const { method, signal, record } = call;
    return callLater({
      ...call,
      limits: this.#limits,
      nameable: (target) => this.#nameable(target),
      redeemed: (ticket) => this.#owner.redeemed(ticket),
      send: (args, timeout, tickets) => this.call(object, method, args, { signal, timeout }, record, handle, tickets),
    });
  }

  #fromWire(reference: WireReference): object {
    const proxy = this.#proxyOf(reference);
    const handle = development ? handleOf(proxy) : undefined;
    if (handle) this.#arrived.push(handle);
    return proxy;
  }

  #proxyOf({ typeid, id, grant, ticket }: WireReference): object {
    if (ticket !== undefined) return this.#owner.redeemed(ticket);
    const type = this.#types.get(typeid);
    if (!type) throw new ProtocolError(`The server "${this.server}" sent a reference of an unknown type "${typeid}".`);
    let record = this.#records.get(id);
    if (!record) this.#records.set(id, (record = new ObjectRecord(this, type, id)));
    record.grant = Math.max(record.grant, grant);
    const handle = new Handle(record);
    if (typeid === ITERATOR) this.#iterators.push(handle);
    return record.proxy(handle, true);
  }

  #listen(pending: Pending, signal: AbortSignal): void {
    const unlisten = onAbort(signal, () => this.#abort(pending, signal.reason));
    unlistenToo(pending, unlisten);
  }

  #abort(pending: Pending, reason: unknown): void {
    const fate = this.#giveUp(pending);
    if (!fate) return;
    pending.reject(abortedError(pending.method, pending.record, reason, fate));
    unpin(pending);
  }

  #timeOut(pending: Pending): void {
    const fate = this.#giveUp(pending);
    if (!fate) return;
    const { method, typeid, timeout, record } = pending;
    const what = typeid === undefined ? `${method}()` : `${typeid}.${method}()`;
    const known =
      fate === 'not-executed' ? 'It never left and was not executed' : 'Whether it was executed is not known';
    pending.reject(
      new CallTimeoutError(`${what} was not answered by the server "${this.server}" within ${timeout} ms. ${known}.`, {
        fate,
        method,
        timeout,
        server: this.server,
        ...(record && { typeid: record.typeid, objectId: record.id }),
      }),
    );
    unpin(pending);
  }

  /** Nobody waits for the call any more: takes it back if it has not left, else tells the server. */
  #giveUp(pending: Pending): Fate | undefined {
    if (!this.#pending.take(pending.number)) return undefined;
    if (pending.outgoing && this.link.withdraw(pending.outgoing)) return 'not-executed';
    this.link.send(encodeMessage([MessageKind.cancel, pending.number], this.#limits), 0, false);
    return 'unknown';
  }

  #overloaded(method: string): OverloadedError {
    return new OverloadedError(
      `${this.link.blocked} calls of ${this.link.pendingBytes} bytes in all are queued for the server "${this.server}", beyond ` +
        `its credit, which is the limit; ${method}() was not sent.`,
      { method, server: this.server, retryAfter: 100, fate: 'not-executed' },
    );
  }
}

/** What a server says may be anything. */
function reasonOf(value: unknown): EndReason {
  return END_REASONS.find((reason) => reason === value) ?? 'unknown';
}

/** Of the call that a message answers; of none where it is no number. */
function numberOf(message: readonly unknown[]): number {
  const number = message[1];
  return typeof number === 'number' ? number : NaN;
}

function fateOf(value: unknown): Fate {
  return value === 'not-executed' || value === 'executed' ? value : 'unknown';
}

/** The call is over: what it needed may be given back. */
function unpin({ record, pins }: Pending): void {
  record?.unpin();
  if (pins) for (const target of pins) target.release();
}

/** What is to be done as well when it waits no more. */
function unlistenToo(pending: Pending, unlisten: () => void): void {
  const before = pending.unlisten;
  pending.unlisten = before
    ? (): void => {
        before();
        unlisten();
      }
    : unlisten;
}
