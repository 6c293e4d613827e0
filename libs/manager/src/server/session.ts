import {
  copyValue,
  encodeError,
  encodeMessage,
  isName,
  KEPT,
  lightBytes,
  ManagerError,
  MessageKind,
  prepareValue,
  ProtocolError,
  SessionExpiredError,
  WireReference,
} from '../protocol/index.js';
import type { EndReason, Fate, Hello, Limits, ReferenceScope, ServerVerb } from '../protocol/index.js';
import { handleOf, TRANSIT, Unready, type Logger } from '../definition/index.js';
import { beatFrame, Link } from '../link/index.js';
import type { Peer, SessionSeal } from '../link/index.js';
import type { Lane, Written } from '../transport/index.js';
import { Call, type CallOrigin } from './call.js';
import type { Dispatcher } from './dispatcher.js';
import { ForeignHolding } from './foreign-holding.js';
import { Grants, type SessionIdentity } from './grants.js';
import type { Holding } from './holding.js';
import type { HostedProxies } from './hosted-proxies.js';
import { iteratorType } from './iterator-type.js';
import type { HostedObject, ObjectTable } from './object-table.js';
import { abortedError, closingError, notHeld, timeoutError, tooManyReferences, tooMuchKept } from './refusals.js';
import { Slice, type Turns } from './turns.js';

/** The most that a result takes without its value. */
const RESULT_BYTES = 16;

/** Verbs that give a reference. */
const GRANTING: ReadonlySet<string> = new Set<string>([
  'attach',
  'create',
  'find',
  'get',
  'redeem',
] satisfies (keyof typeof ServerVerb)[]);

/** What a session needs of its server. */
export interface SessionHost {
  readonly table: ObjectTable;
  readonly dispatcher: Dispatcher;
  readonly turns: Turns;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly closing: boolean;
  /** The server's lease holds and the medium is there: calls may start and frames leave. */
  mayAct(): boolean;
  /** The same for one call of a frame that was taken under a lease that held: cheap, since each call asks. */
  mayStart(): boolean;
  /** By the clock that leases are counted by: of what is read at this moment. */
  arrivalTime(): number;
  nextFence(): bigint;
  write(inbox: string, lane: Lane, bytes: Uint8Array): Written;
  /** The same for a link, which has just seen that it may. */
  send(inbox: string, lane: Lane, bytes: Uint8Array): Written;
  /** Shared things in the hands of hosted code. */
  readonly proxies: HostedProxies;
  /** Holds an object until the call is concluded. */
  pin(object: HostedObject, call: Call): void;
  report(error: unknown, context: string): void;
  broken(session: Session, error: ProtocolError): void;
  left(session: Session): void;
}

/**
 * The life of one manager at this server: its references, its calls in order, its lease. What it holds is given back
 * exactly once, when it ends.
 */
export class Session implements Peer, CallOrigin, SessionIdentity {
  readonly id: string;
  readonly inbox: string;
  readonly application: string;
  readonly host: string;
  readonly pid: number;
  readonly since = Date.now();
  readonly link: Link;
  readonly seal: SessionSeal | undefined;
  /** This server's choice for it, where there is an authkey. */
  readonly nonce: string | undefined;
  readonly grants: Grants;
  readonly scope: ReferenceScope;
  /** Reading time of the last beat. */
  heardAt: number;
  ended: EndReason | undefined;

  readonly server: SessionHost;
  /** Of answers: what is larger than the whole credit of the client would wait for ever. */
  readonly #limits: Limits;
  /** Calls that have not ended: waiting for their start, or for their own promise. */
  readonly #calls = new Map<number, Call>();
  /** Answers that hand something over and are not yet known to have been taken. */
  readonly #handedOver = new Map<number, Call>();
  /** What hosted code wants done when the session ends. */
  /** It said goodbye. */
  #leaves = false;
  readonly #onEnd = new Set<() => void>();
  /** Calls received that may not start yet. Their order is the order of their start. */
  readonly #backlog: Call[] = [];
  /** References in the arguments of the message that is being read, held from now on. */
  #arguments: Holding[] = [];
  /** Those of messages that were read and not yet handled. */
  readonly #lent = new Map<unknown[], readonly Holding[]>();
  /** While an answer is made: what stands in it for objects of other servers. */
  #tickets: ReadonlyMap<object, WireReference> | undefined;
  #waiting = 0;
  /** Number of the last call that came. */
  #lastCall = 0;
  readonly #slice: Slice;
  /** The oldest frame that is not acknowledged, how often the other end asked for one, for how long so, and its last beat. */
  #oldest = { seq: 0, gaps: 0, ms: 0, heardAt: 0 };
  #beatHeard = 0;
  #beatSent = 0;

  constructor(server: SessionHost, id: string, hello: Hello, proof?: { nonce: string; seal: SessionSeal }) {
    this.server = server;
    this.#limits = {
      ...server.limits,
      messageBytes: Math.min(server.limits.messageBytes, hello.messageBytes, hello.allowance.bytes),
    };
    this.id = id;
    this.inbox = hello.inbox;
    this.application = hello.application;
    this.host = hello.host;
    this.pid = hello.pid;
    this.seal = proof?.seal;
    this.nonce = proof?.nonce;
    this.heardAt = server.arrivalTime();
    this.grants = new Grants(server.table, this);
    this.#slice = new Slice(server.turns, this);
    this.link = new Link({
      session: id,
      window: { calls: server.limits.calls, bytes: server.limits.bytes },
      write: (lane, bytes) => server.send(this.inbox, lane, bytes),
      mac: proof?.seal.mac,
      mayWrite: () => server.mayAct(),
      deliver: (messages, sizes, age, now) => this.#deliver(messages, sizes, age, now),
      taken: () => {
        if (this.#leaves && !this.ended) server.left(this);
      },
      onRelief: () => this.resume(),
      onBroken: (error) => server.broken(this, error),
    });
    this.link.allow(hello.allowance);
    this.scope = {
      toWire: (value) => this.#toWire(value),
      fromWire: ({ id, ticket }) => this.#argument(id, ticket),
    };
  }

  /** Calls that run or wait to, and may be waited for. */
  get underWay(): number {
    let count = 0;
    // Who waits, for an item or a lock, waits for as long as nobody says otherwise.
    for (const call of this.#calls.values()) if (call.target?.type !== iteratorType && !call.endsWithSession) count++;
    return count;
  }

  get answerBytes(): number {
    return this.#limits.messageBytes;
  }

  get logger(): Logger {
    return this.server.logger;
  }

  takes(): boolean {
    return this.server.mayAct();
  }

  nextFence(): bigint {
    return this.server.nextFence();
  }

  onEnd(fn: () => void): () => void {
    if (this.ended) fn();
    else this.#onEnd.add(fn);
    return () => this.#onEnd.delete(fn);
  }

  beat(number: number, _echo: number): void {
    if (number <= this.#beatHeard) return;
    this.#beatHeard = number;
    this.heardAt = this.server.arrivalTime();
    this.link.retry();
    void this.server.write(this.inbox, 'beats', beatFrame(this.link, ++this.#beatSent, number));
  }

  complete(message: unknown[], failure: { readonly error: unknown } | undefined): unknown[] {
    if (!failure) {
      if (this.#arguments.length > 0) {
        this.#lent.set(message, this.#arguments);
        this.#arguments = [];
      }
      return message;
    }
    for (const holding of this.#arguments.splice(0)) holding.end();
    const { error } = failure;
    const wrong =
      error instanceof ManagerError ? error : new ProtocolError('An argument could not be read.', { cause: error });
    // The call is refused with what was wrong with its arguments (see `#receive`).
    return message.with(4, wrong);
  }

  /**
   * Whether its other end beats, and for a lease neither acknowledges what it was sent nor asks for it. Only time between
   * beats counts: of who does not beat, its lease decides, and who comes back after a silence has yet to catch up.
   */
  isDeaf(lease: number): boolean {
    const { oldestUnacked: seq, gaps } = this.link;
    const { heardAt } = this;
    const before = this.#oldest;
    const deaf = seq !== 0 && seq === before.seq && gaps === before.gaps;
    const ms = deaf ? before.ms + Math.min(heardAt - before.heardAt, lease / 3) : 0;
    this.#oldest = { seq, gaps, ms, heardAt };
    return ms >= lease;
  }

  /** Starts what may start now. */
  resume(): void {
    // By both clocks, as a frame is checked: the machine may have been suspended since these came.
    if (this.#backlog.length === 0 || !this.server.mayAct()) return;
    while (this.#backlog.length > 0 && this.#mayStart()) {
      const call = this.#backlog.shift() as Call;
      if (call.ended) continue;
      if (call.expired) this.#refuse(call, timeoutError(call, 'before it could start'));
      else this.server.dispatcher.admit(call);
    }
  }

  /** Refuses the calls that have not started; those that run go on. */
  refuseWaiting(): void {
    for (const call of [...this.#calls.values()]) {
      if (!call.started) this.#refuse(call, closingError());
    }
  }

  /** After the last answers, in their order: there will be no more. */
  sayGoodbye(): void {
    if (!this.ended) this.link.send(encodeMessage([MessageKind.bye, 'server-closed'], this.server.limits), 0, false);
  }

  /** Gives everything back, once. Methods that run go on to their end; nobody hears of it. */
  end(reason: EndReason): void {
    if (this.ended) return;
    this.ended = reason;
    this.link.close();
    const cause = new SessionExpiredError(`Session ${this.id} ended: ${reason}.`, { session: this.id });
    for (const call of [...this.#calls.values()]) this.server.dispatcher.abandon(call, cause);
    for (const call of this.#handedOver.values()) this.#undelivered(call);
    this.#handedOver.clear();
    for (const fn of [...this.#onEnd]) this.#ends(fn);
    this.#onEnd.clear();
    this.grants.clear();
    for (const holdings of [this.#arguments, ...this.#lent.values()]) for (const holding of holdings) holding.end();
    this.#lent.clear();
  }

  #deliver(messages: readonly unknown[][], sizes: readonly number[], age: number, now: number): void {
    // A cancel that travels with its call must find it not started, whichever was said first.
    let cancels: Set<number> | undefined;
    for (const message of messages) {
      if (message[0] === MessageKind.cancel) (cancels ??= new Set()).add(message[1] as number);
    }
    for (let i = 0; i < messages.length && !this.ended; i++) {
      const message = messages[i] as unknown[];
      switch (message[0]) {
        case MessageKind.call:
          if (!this.link.charge(1, sizes[i] as number)) return;
          this.#receive(message, sizes[i] as number, age, now, cancels);
          break;
        case MessageKind.release:
          if (!Number.isSafeInteger(message[1]) || !Number.isSafeInteger(message[2])) return this.#malformed();
          this.grants.release(message[1] as number, message[2] as number);
          break;
        case MessageKind.cancel:
          if (!Number.isSafeInteger(message[1])) return this.#malformed();
          this.#cancel(message[1] as number);
          break;
        case MessageKind.unwanted:
          if (!Number.isSafeInteger(message[1])) return this.#malformed();
          this.#unwanted(message[1] as number);
          break;
        case MessageKind.bye:
          // Not yet: its frame may also acknowledge what was handed over, which would be taken back otherwise.
          this.#leaves = true;
          break;
        default:
          return this.#malformed();
      }
    }
  }

  #malformed(): void {
    this.server.broken(
      this,
      new ProtocolError(`Session ${this.id} sent a message that is none.`, { session: this.id }),
    );
  }

  #receive(message: unknown[], bytes: number, age: number, now: number, cancels: Set<number> | undefined): void {
    // Not taken apart as a list: that is several times the code.
    const number = message[1];
    const id = message[2];
    const method = message[3];
    const args = message[4];
    const timeout = message[5];
    const task = message[6];
    if (
      // A number that came before would take the place of a call that still runs.
      typeof number !== 'number' ||
      !(Number.isSafeInteger(number) && number > this.#lastCall) ||
      typeof id !== 'number' ||
      typeof method !== 'string' ||
      // What no timer can wait for would fire at once.
      typeof timeout !== 'number' ||
      !(timeout >= 0 && timeout < 2 ** 31) ||
      typeof task !== 'string' ||
      !(task === '' || isName(task)) ||
      !(Array.isArray(args) || args instanceof ManagerError)
    ) {
      return this.#malformed();
    }
    this.#lastCall = number;
    const target = id === 0 ? undefined : this.grants.find(id);
    const due = timeout > 0 ? now + timeout - age : undefined;
    const call = new Call(this, target, number, method, Array.isArray(args) ? args : [], due, task, bytes);
    if (this.#lent.size > 0) this.#lendArguments(message, call);
    if (args instanceof ManagerError) return this.#refuse(call, args);
    if (id !== 0 && !target) {
      return this.#refuse(call, notHeld(id, this.id));
    }
    if (cancels?.has(number)) return this.#refuse(call, abortedError(call));
    if (timeout > 0 && age >= timeout) return this.#refuse(call, timeoutError(call, 'before it could start'));
    if (this.server.closing) return this.#refuse(call, closingError());
    if (id === 0 && this.grants.size >= this.server.limits.references && GRANTING.has(method)) {
      return this.#refuse(call, tooManyReferences(this.id, this.grants.size));
    }
    if (this.#backlog.length === 0 && this.#mayStart()) {
      if (target?.type.serial) this.#calls.set(number, call);
      return this.server.dispatcher.admit(call);
    }
    this.#calls.set(number, call);
    this.#backlog.push(call);
  }

  #toWire(value: object): WireReference | undefined {
    const ticket = this.#tickets?.get(value);
    if (ticket) return ticket;
    const object = this.server.proxies.objectOf(value);
    return object && new WireReference(object.type.typeid, object.id, this.grants.grant(object));
  }

  /**
   * Something in the answer is another server's and needs a ticket to travel; the call goes on until all are there. The
   * answer is what it is now, and held by the call: hosted code may change it meanwhile, or let go of what is in it.
   */
  async #deliverLater(call: Call, value: unknown): Promise<void> {
    const lent = new Map<unknown, object>();
    const { proxies } = this.server;
    const now = copyValue(value, this.#limits, (object) => proxies.lend(object, call, lent), 'result');
    const tickets = new Map<object, WireReference>();
    await Promise.all(
      Array.from(lent.values(), async (proxy) => {
        const target = handleOf(proxy)?.target;
        if (!(target instanceof ForeignHolding)) return;
        const ticket = await target.ticket(TRANSIT, 1);
        tickets.set(proxy, new WireReference(target.typeid, target.identity()?.id ?? 0, 0, ticket));
      }),
    );
    await this.deliver(call, now, tickets);
  }

  /** A reference in arguments: only what this session holds can be named, or what came with a ticket. */
  #argument(id: number, ticket: string | undefined): object {
    if (ticket !== undefined) {
      const { proxy, holding } = this.server.proxies.redeemed(ticket);
      this.#arguments.push(holding);
      return proxy;
    }
    const object = this.grants.find(id);
    if (!object) throw notHeld(id, this.id);
    const { proxy, holding } = this.server.proxies.unborrowed(object);
    this.#arguments.push(holding);
    return proxy;
  }

  #lendArguments(message: unknown[], call: Call): void {
    for (const holding of this.#lent.get(message) ?? []) holding.lend(call);
    this.#lent.delete(message);
  }

  #mayStart(): boolean {
    return this.link.pendingBytes < this.server.limits.bytes && this.server.mayStart() && this.#slice.allows();
  }

  mayWait(call: Call): boolean {
    if (this.#waiting >= this.server.limits.waiting) return false;
    this.#waiting++;
    // Its credit goes back now: it must not keep others from being sent for as long as it waits.
    this.link.consumed(1, call.bytes);
    return true;
  }

  lasts(call: Call): void {
    if (!this.ended) this.#calls.set(call.number, call);
  }

  deliver(call: Call, value: unknown, tickets?: Map<object, WireReference>): Promise<void> | undefined {
    if (this.ended) return undefined;
    const size = call.handsOver ? undefined : lightBytes(value);
    if (size !== undefined && size + RESULT_BYTES <= this.#limits.messageBytes) {
      this.link.sendLight([MessageKind.result, call.number, value], size + RESULT_BYTES, 0);
      return undefined;
    }
    if (this.link.pendingBytes >= this.server.limits.bytes * KEPT) throw tooMuchKept(this.id, this.link.pendingBytes);
    let bytes: Uint8Array;
    this.grants.begin();
    this.#tickets = tickets;
    this.server.proxies.giver = call;
    try {
      const prepared = prepareValue(value, this.scope, this.#limits, 'result');
      if (this.grants.size > this.server.limits.references && this.grants.granted().length > 0) {
        throw tooManyReferences(this.id, this.grants.size);
      }
      const message = [MessageKind.result, call.number, prepared];
      if (call.handsOver) message.push(true);
      bytes = encodeMessage(message, this.#limits);
    } catch (error) {
      // What was hosted for this answer stays for the next attempt.
      if (error instanceof Unready) for (const object of this.grants.granted()) this.server.pin(object, call);
      this.grants.rollback();
      if (error instanceof Unready && !tickets) return this.#deliverLater(call, value);
      throw error;
    } finally {
      this.server.proxies.giver = undefined;
      this.#tickets = undefined;
    }
    this.grants.commit();
    if (!call.handsOver) this.link.send(bytes, 0, true);
    else {
      this.#handedOver.set(call.number, call);
      this.link.send(bytes, 0, true, () => {
        if (this.#handedOver.delete(call.number)) this.#delivered(call);
      });
    }
    return undefined;
  }

  fail(call: Call, error: unknown, fate: Fate): void {
    if (this.ended) return;
    // There is no result that could reach anybody: what it would have handed out goes back.
    if (call.handsOver) this.#undelivered(call);
    this.link.send(this.#errorMessage(call, error, fate), 0, true);
  }

  concluded(call: Call): void {
    this.#calls.delete(call.number);
    if (this.ended) this.#undelivered(call);
    if (call.waits) this.#waiting--;
    else this.link.consumed(1, call.bytes);
  }

  /** Answers a call that never started. */
  #refuse(call: Call, error: ManagerError): void {
    this.server.dispatcher.refuse(call, error);
  }

  #errorMessage(call: Call, error: unknown, fate: string): Uint8Array {
    const encode = (reason: unknown): Uint8Array =>
      encodeMessage([MessageKind.error, call.number, encodeError(reason), fate], this.#limits);
    try {
      return encode(error);
    } catch (tooLarge) {
      // Without its stack it fits into whatever a message may be.
      return encode(Object.assign(tooLarge as Error, { stack: '' }));
    }
  }

  #cancel(number: number): void {
    const call = this.#calls.get(number);
    if (call) this.server.dispatcher.cancel(call);
  }

  #unwanted(number: number): void {
    const call = this.#handedOver.get(number);
    if (!call) return;
    this.#handedOver.delete(number);
    this.#undelivered(call);
  }

  #ends(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.server.report(error, `An onSessionEnd handler of session ${this.id} failed`);
    }
  }

  #delivered(call: Call): void {
    call.delivered((error) => this.server.report(error, `An onDelivered handler of ${call.method}() failed`));
  }

  #undelivered(call: Call): void {
    call.undelivered((error) => this.server.report(error, `An onUndelivered handler of ${call.method}() failed`));
  }
}
