// Not the global ones, which are getters: these are asked for each frame.
import { performance } from 'node:perf_hooks';
import process from 'node:process';

import { DataFrames, encodeFrame, FrameKind, ProtocolError } from '../protocol/index.js';
import type { Allowance, FrameBody, FrameHeader } from '../protocol/index.js';
import type { Lane, Written } from '../transport/index.js';

/** Frames are cut at about this many bytes, so that one does not hold up what is behind it for long. */
const FRAME_BYTES = 512 * 1024;
/** Milliseconds that an acknowledgement waits for a frame to ride on. */
const ACK_DELAY = 15;
/** Frames taken without an acknowledgement after which it no longer waits. */
const ACK_FRAMES = 64;
/** Messages queued further apart than this travel in frames of their own, since a frame has one age. */
const SAME_AGE = 50;
/** Writes of one link that may be under way: more would only make frames smaller. */
const WRITES_UNDER_WAY = 4;
/**
 * So many messages leave before the turn that makes them is over, so that both ends work at once rather than in turns; of
 * one turn, each further frame is twice as large.
 */
const EARLY = 128;

/** A message on its way out. Kept by whoever may want to withdraw it before it has left. */
export interface Outgoing {
  /** Its bytes; or the message itself, where it is light and encoded with the others of its frame. */
  readonly content: Uint8Array | readonly unknown[];
  /** Its bytes, or the most that a light one can take. */
  readonly size: number;
  /** 1 for a call: it needs one call of credit. */
  readonly calls: 0 | 1;
  /** Whether it needs credit for its bytes. Releases, cancels and the like never wait for credit. */
  readonly credited: boolean;
  /** Called once when the peer has taken it, where somebody wants to know. */
  readonly onTaken?: (() => void) | undefined;
  queuedAt: number;
  state: 'queued' | 'sent' | 'withdrawn';
}

/** Messages that left in one frame and are not acknowledged. */
interface Sent {
  seq: number;
  body: FrameBody;
  /** Those who want to know when it was taken. */
  onTaken: (() => void)[] | undefined;
  queuedAt: number;
  /** What it acknowledged when it was the newest: a later acknowledgement may only follow what was sent before that. */
  ack: number;
  /** False once a write of it is known to have failed: it goes out again at the next beat. */
  written: boolean;
}

/** What nothing is ever added to. */
const NONE: Sent[] = [];

export interface LinkOptions {
  session: string;
  /** What the peer may have under way towards this side at any moment. */
  window: Allowance;
  /** Called right after `mayWrite` said that it may be; but for the last word of a session, whatever it says. */
  write: (lane: Lane, bytes: Uint8Array) => Written;
  /** Makes the MAC of each frame, where there is an authkey. */
  mac?: ((body: Uint8Array) => Uint8Array) | undefined;
  /** Whether frames may leave now: a medium that is connected, a lease that holds. */
  mayWrite: () => boolean;
  /**
   * Every message once and in order, with its bytes; `age` is ms since it was queued at the other side, `now` the monotonic
   * clock. Must not throw.
   */
  deliver: (messages: readonly unknown[][], sizes: readonly number[], age: number, now: number) => void;
  /** What `deliver` was given is done with, and the acknowledgement that came with it was counted. */
  taken?: () => void;
  /** Credit or acknowledgements came back: what waited for them may go on. */
  onRelief?: () => void;
  /** The peer says what cannot be: it acknowledges what was never sent. */
  onBroken: (error: ProtocolError) => void;
}

/**
 * The reliable, ordered exchange of frames that a session runs on, one end of it. It keeps what it sent until the peer
 * acknowledged it, takes each number once and in order, and asks for what is missing. So whatever the medium loses,
 * repeats, delays or reorders, each message is handed up once and in order, or the session ends.
 */
export class Link {
  readonly session: string;
  readonly #options: LinkOptions;
  readonly #frames: DataFrames;

  #seq = 0;
  #unacked = NONE;
  #unackedBytes = 0;
  #outbox: Outgoing[] = [];
  /** Messages for which there was no credit, oldest first. Later ones that need credit queue behind them. */
  #blocked: Outgoing[] = [];
  #blockedBytes = 0;
  #outboxBytes = 0;
  #flushing = false;
  #writes = 0;
  #early = EARLY;
  #turn = 0;

  /** Last number taken from the peer. */
  #taken = 0;
  #ackSent = 0;
  #ackTimer: NodeJS.Timeout | undefined;
  /** An acknowledgement that was said after frames that are not here yet: it counts once they are (see `#acknowledged`). */
  #deferredAck: { seq: number; ack: number } | undefined;
  /** Set while messages that belong before the acknowledgement of what was just taken have not left: what may be acknowledged. */
  #ackFloor: number | undefined;
  #delivering = false;
  #gapAsked = 0;
  /** How many were asked for; the number of the last one that came. */
  #gapNumber = 0;
  #gapHeard = 0;
  #gaps = 0;
  #missing: { next: number; drains: number } | undefined;
  #beatSeen = 0;

  readonly #allowed: Allowance = { calls: 0, bytes: 0 };
  readonly #used: Allowance = { calls: 0, bytes: 0 };
  /** What the peer sent and this side is done with. */
  readonly #consumed: Allowance = { calls: 0, bytes: 0 };
  readonly #announced: Allowance;
  /** What the peer sent on credit. */
  readonly #charged: Allowance = { calls: 0, bytes: 0 };
  #closed = false;

  constructor(options: LinkOptions) {
    this.session = options.session;
    this.#options = options;
    this.#frames = new DataFrames(options.session, options.mac);
    this.#announced = { ...options.window };
  }

  get mac(): ((body: Uint8Array) => Uint8Array) | undefined {
    return this.#options.mac;
  }

  /** Bytes that are kept for the peer: what left and is not acknowledged, and what waits for credit or the end of the turn. */
  get pendingBytes(): number {
    return this.#unackedBytes + this.#blockedBytes + this.#outboxBytes;
  }

  /** Number of the oldest frame that is not acknowledged; 0 where all are. */
  get oldestUnacked(): number {
    // What it acknowledged behind frames of its own that are not here yet, it took all the same.
    const taken = this.#deferredAck?.ack ?? 0;
    return this.#unacked.find(({ seq }) => seq > taken)?.seq ?? 0;
  }

  /** Messages that have not left: without credit, or while the medium is away. */
  get queued(): number {
    return this.#blocked.length + this.#outbox.length;
  }

  /** Of those, the ones that lack credit. */
  get blocked(): number {
    return this.#blocked.length;
  }

  /** Everything sent was acknowledged and nothing waits. */
  get idle(): boolean {
    return this.#unacked.length === 0 && this.queued === 0;
  }

  /** The credit that the peer gave at the start of the session. */
  allow(allowance: Allowance): void {
    this.#allow(allowance.calls, allowance.bytes);
  }

  /**
   * The monotonic clock as the first message of this turn saw it, or as it was when what is being handed up was taken: a
   * frame has one age, and asking the clock for every message costs as much as sending it.
   */
  turn(): number {
    if (this.#delivering) return this.#turn;
    if (!this.#flushing || this.#outbox.length === 0) this.#turn = performance.now();
    return this.#turn;
  }

  send(bytes: Uint8Array, calls: 0 | 1, credited: boolean, onTaken?: () => void): Outgoing {
    const queuedAt = this.turn();
    return this.#queue({ content: bytes, size: bytes.length, calls, credited, onTaken, queuedAt, state: 'queued' });
  }

  /** The same for a message of few-byte primitives, which needs credit: `size` is the most bytes that it can take. */
  sendLight(message: readonly unknown[], size: number, calls: 0 | 1): Outgoing {
    const queuedAt = this.turn();
    return this.#queue({
      content: message,
      size,
      calls,
      credited: true,
      onTaken: undefined,
      queuedAt,
      state: 'queued',
    });
  }

  #queue(item: Outgoing): Outgoing {
    if (this.#closed) return item;
    const { credited } = item;
    if (credited && (this.#blocked.length > 0 || !this.#hasCredit(item))) {
      this.#blocked.push(item);
      this.#blockedBytes += item.size;
      return item;
    }
    if (credited) this.#spend(item);
    else if (this.#delivering) this.#ackFloor ??= this.#taken - 1;
    // One alone is the rule: a list that grows takes room for many.
    if (this.#outbox.length === 0) this.#outbox = [item];
    else this.#outbox.push(item);
    this.#outboxBytes += item.size;
    this.#scheduleFlush();
    if (this.#outbox.length >= this.#early) {
      this.#early *= 2;
      this.#flush();
    }
    return item;
  }

  /** Takes a message back that has not left. True means the peer never gets it. */
  withdraw(item: Outgoing): boolean {
    if (item.state !== 'queued') return item.state === 'withdrawn';
    item.state = 'withdrawn';
    const blocked = this.#blocked.indexOf(item);
    if (blocked >= 0) {
      this.#blocked.splice(blocked, 1);
      this.#blockedBytes -= item.size;
      // Smaller ones may have waited behind it.
      if (blocked === 0) this.#unblock();
      return true;
    }
    const at = this.#outbox.indexOf(item);
    if (at >= 0) {
      this.#outbox.splice(at, 1);
      this.#outboxBytes -= item.size;
    }
    if (item.credited) {
      this.#used.calls -= item.calls;
      this.#used.bytes -= item.size;
      this.#unblock();
    }
    return true;
  }

  /** Whether a data frame is the next one; where it is not, what must be done about it is done here. */
  accepts(header: FrameHeader): boolean {
    if (this.#closed || header[0] !== FrameKind.data) return false;
    const seq = header[2];
    if (seq === this.#taken + 1) return true;
    if (seq > this.#taken) this.#askGap();
    else this.#ackSoon();
    return false;
  }

  /** Hands up the messages of a frame that was accepted, then counts the acknowledgement that came with it. */
  take(header: FrameHeader, messages: readonly unknown[][], sizes: readonly number[], inboxAge: number): void {
    if (header[0] !== FrameKind.data) return;
    this.#taken = header[2];
    this.#ackSoon();
    this.#delivering = true;
    const now = (this.#turn = performance.now());
    this.#options.deliver(messages, sizes, header[6] + inboxAge, now);
    this.#delivering = false;
    this.#allow(header[4], header[5]);
    this.#acknowledged(header[2], header[3]);
    this.#options.taken?.();
  }

  /** An `ack` or `beat` frame. */
  heard(header: FrameHeader): void {
    if (this.#closed || (header[0] !== FrameKind.ack && header[0] !== FrameKind.beat)) return;
    this.#allow(header[4], header[5]);
    this.#acknowledged(header[2], header[3]);
  }

  /**
   * A beat said how far the peer has sent. What was missing at an earlier beat, and still is although the inbox was read
   * to its end since (`drains` counts those), was lost. A beat that is read again says nothing new.
   */
  missing(beat: number, lastSent: number, drains: number): void {
    if (beat <= this.#beatSeen) return;
    this.#beatSeen = beat;
    const next = this.#taken + 1;
    const before = this.#missing;
    this.#gapAsked = 0;
    this.#missing = lastSent < next ? undefined : before?.next === next ? before : { next, drains };
    if (before?.next === next && lastSent >= next && drains > before.drains) this.#askGap();
  }

  /** Asks for whatever the peer sent and this side did not take: it was not ready to. */
  request(): void {
    if (this.#closed) return;
    this.#gapAsked = 0;
    this.#askGap();
  }

  /** How often the peer has asked for what it misses: one that does is listening. */
  get gaps(): number {
    return this.#gaps;
  }

  /** The peer misses everything from `next`. Or did: what it has acknowledged since then was asked for by a request that is out of date. */
  gap(next: number, number: number): void {
    // Whoever repeats one, small as it is, would have everything sent again.
    if (number <= this.#gapHeard) return;
    this.#gapHeard = number;
    this.#gaps++;
    const first = this.#unacked[0]?.seq;
    if (first !== undefined && next >= first) this.#resend(next);
  }

  /** After the medium was away: everything that is not acknowledged goes out again. */
  resend(): void {
    this.#resend(0);
    this.#scheduleFlush();
  }

  /** At each beat: what is known not to have arrived goes out again. */
  retry(): void {
    const failed = this.#unacked.find((sent) => !sent.written);
    if (failed) this.#resend(failed.seq);
    this.#scheduleFlush();
  }

  /** What a beat says: last number sent, last number taken, and what the peer may have under way. */
  state(): readonly [seq: number, ack: number, calls: number, bytes: number] {
    const { calls, bytes } = this.#announce();
    return [this.#seq, this.#acknowledge(), calls, bytes];
  }

  /** Counts what the peer sent that needed credit. False, and the session ends, where it was more than it was granted. */
  charge(calls: number, bytes: number): boolean {
    this.#charged.calls += calls;
    this.#charged.bytes += bytes;
    if (this.#charged.calls <= this.#announced.calls && this.#charged.bytes <= this.#announced.bytes) return true;
    this.#options.onBroken(new ProtocolError(`The peer of session ${this.session} sent more than it was granted.`));
    return false;
  }

  /** Done with calls and bytes that the peer had sent: it may send as many again. */
  consumed(calls: number, bytes: number): void {
    this.#consumed.calls += calls;
    this.#consumed.bytes += bytes;
    const { window } = this.#options;
    const stale =
      this.#consumed.calls + window.calls - this.#announced.calls > window.calls / 4 ||
      this.#consumed.bytes + window.bytes - this.#announced.bytes > window.bytes / 4;
    if (stale) this.acknowledge();
  }

  /** Sends an acknowledgement with this turn's frame, or by itself. */
  acknowledge(): void {
    this.#ackSent = -1;
    this.#scheduleFlush();
  }

  /** Sends what this turn has made so far, before its end: whoever just answered all it was asked has nothing to wait for. */
  flush(): void {
    if (this.#outbox.length > 0) this.#flush();
  }

  /** The peer's last message was taken: says so at once, after what this turn has made so far, and stops. */
  farewell(): void {
    if (this.#closed) return;
    // It is the last of its frame, which is thereby handled.
    this.#delivering = false;
    this.#flush();
    this.#writeAck();
    this.close();
  }

  /** Stops everything. What was not acknowledged was perhaps taken, perhaps not. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#ackTimer);
    this.#outbox = [];
    this.#blocked = [];
    this.#blockedBytes = 0;
    this.#outboxBytes = 0;
    this.#unacked = NONE;
    this.#unackedBytes = 0;
  }

  #allow(calls: number, bytes: number): void {
    if (calls <= this.#allowed.calls && bytes <= this.#allowed.bytes) return;
    this.#allowed.calls = Math.max(calls, this.#allowed.calls);
    this.#allowed.bytes = Math.max(bytes, this.#allowed.bytes);
    this.#unblock();
  }

  #hasCredit(item: Outgoing): boolean {
    return this.#used.calls + item.calls <= this.#allowed.calls && this.#used.bytes + item.size <= this.#allowed.bytes;
  }

  #spend(item: Outgoing): void {
    this.#used.calls += item.calls;
    this.#used.bytes += item.size;
  }

  #unblock(): void {
    if (this.#blocked.length === 0) return;
    let ready = 0;
    for (const item of this.#blocked) {
      if (!this.#hasCredit(item)) break;
      this.#spend(item);
      this.#outbox.push(item);
      this.#blockedBytes -= item.size;
      this.#outboxBytes += item.size;
      ready++;
    }
    if (ready === 0) return;
    this.#blocked.splice(0, ready);
    this.#scheduleFlush();
    this.#options.onRelief?.();
  }

  /** What the peer may have under way, which is about to be said. */
  #announce(): Readonly<Allowance> {
    const { window } = this.#options;
    this.#announced.calls = this.#consumed.calls + window.calls;
    this.#announced.bytes = this.#consumed.bytes + window.bytes;
    return this.#announced;
  }

  /** The last number taken, which is about to be said. */
  #acknowledge(): number {
    // Of a frame that is being handed up, nobody knows yet what must be said before it is acknowledged.
    return (this.#ackSent = this.#ackFloor ?? (this.#delivering ? this.#taken - 1 : this.#taken));
  }

  /**
   * An acknowledgement covers answers only if nobody stopped waiting for them, and it was made after the `unwanted`
   * messages that say so. It may overtake them, though, on the lane of beats; so it counts only once every frame that
   * the peer had sent before it is here.
   */
  #acknowledged(peerSeq: number, ack: number): void {
    if (ack > this.#seq) {
      this.#options.onBroken(
        new ProtocolError(`The peer of session ${this.session} acknowledges frame ${ack}, which was never sent.`),
      );
      return;
    }
    if (peerSeq > this.#taken) {
      if (!this.#deferredAck || ack > this.#deferredAck.ack) this.#deferredAck = { seq: peerSeq, ack };
      return;
    }
    if (this.#deferredAck && this.#deferredAck.seq <= this.#taken) {
      ack = Math.max(ack, this.#deferredAck.ack);
      this.#deferredAck = undefined;
    }
    const unacked = this.#unacked;
    let count = 0;
    while (count < unacked.length && (unacked[count] as Sent).seq <= ack) count++;
    if (count === 0) return;
    this.#unacked = count === unacked.length ? NONE : unacked.slice(count);
    for (let i = 0; i < count; i++) {
      const { body, onTaken } = unacked[i] as Sent;
      this.#unackedBytes -= body.end - body.start;
      if (onTaken) for (const taken of onTaken) taken();
    }
    this.#options.onRelief?.();
  }

  #askGap(): void {
    const next = this.#taken + 1;
    if (this.#gapAsked === next) return;
    if (!this.#options.mayWrite()) return;
    this.#gapAsked = next;
    void this.#options.write(
      'beats',
      encodeFrame([FrameKind.gap, this.session, next, ++this.#gapNumber], [], this.mac),
    );
  }

  #ackSoon(): void {
    if (this.#taken - this.#ackSent >= ACK_FRAMES) this.acknowledge();
    else if (!this.#ackTimer) {
      this.#ackTimer = setTimeout(() => {
        this.#ackTimer = undefined;
        if (this.#ackSent !== this.#taken) this.acknowledge();
      }, ACK_DELAY);
      this.#ackTimer.unref();
    }
  }

  /** At the end of the turn, after every promise that this turn settled has been followed up. */
  #scheduleFlush(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    process.nextTick(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#early = EARLY;
    this.#flush();
  };

  readonly #flush = (): void => {
    this.#flushing = false;
    // Nothing is left where it was flushed before the turn was over.
    if (this.#closed || (this.#outbox.length === 0 && this.#ackSent >= 0)) return;
    if (!this.#options.mayWrite()) return;
    while (this.#outbox.length > 0 && this.#writes < WRITES_UNDER_WAY) {
      this.#writeFrame(this.#cutFrame());
      // What the lease allowed a moment ago it need not allow after a frame of half a megabyte.
      if (this.#outbox.length > 0 && !this.#options.mayWrite()) return;
    }
    if (this.#ackSent < 0 && this.#outbox.length === 0) this.#writeAck();
  };

  #writeAck(): void {
    const [seq, ack, calls, bytes] = this.state();
    void this.#options.write(
      'frames',
      encodeFrame([FrameKind.ack, this.session, seq, ack, calls, bytes], [], this.mac),
    );
  }

  #cutFrame(): Sent {
    const items = this.#cut();
    let most = 0;
    let onTaken: (() => void)[] | undefined;
    for (const item of items) {
      most += item.size;
      if (item.onTaken) (onTaken ??= []).push(item.onTaken);
    }
    const body = this.#frames.body(items, most);
    const bytes = body.end - body.start;
    // What light ones took less than they might have is credit again.
    this.#used.bytes -= most - bytes;
    const { queuedAt } = items[0] as Outgoing;
    const sent: Sent = { seq: ++this.#seq, body, onTaken, queuedAt, ack: 0, written: true };
    if (this.#unacked.length === 0) this.#unacked = [sent];
    else this.#unacked.push(sent);
    this.#unackedBytes += bytes;
    return sent;
  }

  /** Takes what fits one frame out of the outbox. */
  #cut(): Outgoing[] {
    const items = this.#outbox;
    const first = items[0] as Outgoing;
    let bytes = 0;
    let count = 0;
    for (const item of items) {
      if (count > 0 && (bytes + item.size > FRAME_BYTES || Math.abs(item.queuedAt - first.queuedAt) > SAME_AGE)) break;
      item.state = 'sent';
      bytes += item.size;
      count++;
    }
    this.#outboxBytes -= bytes;
    if (count < items.length) return items.splice(0, count);
    this.#outbox = [];
    this.#ackFloor = undefined;
    return items;
  }

  #writeFrame(sent: Sent): void {
    // An older frame must not acknowledge what was taken after it: an `unwanted` may travel behind it.
    if (sent.seq === this.#seq) sent.ack = this.#acknowledge();
    const { ack } = sent;
    const { calls, bytes } = this.#announce();
    const age = Math.max(0, Math.round(performance.now() - sent.queuedAt));
    const frame = this.#frames.frame(sent.body, sent.seq, ack, calls, bytes, age);
    sent.written = true;
    this.#writes++;
    const written = this.#options.write('frames', frame);
    if (typeof written === 'boolean') return this.#writeEnded(sent, written);
    written.then(
      (taken) => this.#writeEnded(sent, taken),
      () => this.#writeEnded(sent, false),
    );
  }

  #writeEnded(sent: Sent, written: boolean): void {
    this.#writes--;
    sent.written = written;
    if (this.#outbox.length > 0) this.#scheduleFlush();
  }

  #resend(from: number): void {
    if (this.#closed) return;
    for (const sent of this.#unacked) {
      if (sent.seq < from) continue;
      if (!this.#options.mayWrite()) return;
      this.#writeFrame(sent);
    }
  }
}
