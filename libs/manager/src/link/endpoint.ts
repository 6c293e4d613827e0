import { encodeFrame, FrameKind, FrameReader, ProtocolError } from '../protocol/index.js';
import type { EndReason, FrameHeader, Hello, Limits, ReferenceScope, Seal, Welcome } from '../protocol/index.js';
import type { Delivery, Inbox, InboxReader, Lane, Transport } from '../transport/index.js';
import type { Authenticator, HeldKey, SessionSeal } from './authkey.js';
import type { Link } from './link.js';

/** One session as the frames of an inbox meet it. */
export interface Peer {
  readonly link: Link;
  readonly scope: ReferenceScope;
  /** By what the frames of its other end are known, where there is an authkey. */
  readonly seal: SessionSeal | undefined;
  /** Whether data frames may be taken now: nobody takes an answer, or starts a call, on a lease that may be over. */
  takes(): boolean;
  /** A beat. Those that are not newer than the last are to be dropped. */
  beat(number: number, echo: number): void;
  /**
   * A message was read, its references resolved, and nothing of the next one; it is handled with the others of its frame.
   * Gives back what is handled in its place: it may not be itself where a reference could not be resolved.
   */
  complete(message: unknown[], failure: { readonly error: unknown } | undefined): unknown[];
}

/** What becomes of the frames that are not for a session that stands. */
export interface EndpointHandlers {
  find(session: string): Peer | undefined;
  hello?(session: string, hello: Hello, seal: Seal | undefined): void;
  welcome?(session: string, welcome: Welcome, seal: Seal | undefined): void;
  ended?(session: string, end: End, seal: Seal | undefined): void;
  /** A data frame or beat of a session that is not known here. */
  unknown?(session: string, seal: Seal | undefined): void;
  /** The inbox was read to its end. */
  drained?(): void;
  /** Its beats were, and frames are left. */
  beatsDrained?(): void;
  /** The medium was away for a while, or lost the inbox. */
  restarted?(): void;
  /** The medium ended, and every server in it. */
  perished?(): void;
  /** Bytes that are no frame; the peer is not known. */
  malformed(error: ProtocolError): void;
  /** A frame of a standing session that cannot be read. */
  broken(peer: Peer, error: ProtocolError): void;
  /** What a frame of a standing session said made code of ours throw: others must not suffer for it. */
  failed(peer: Peer, error: unknown): void;
}

/** The word of a server that a session is over. */
export interface End {
  readonly reason: EndReason;
  readonly text: string;
  /** Of the server. */
  readonly generation: number;
  /** MAC of the frame that it answers, where the server does not know the session. */
  readonly answers: Uint8Array;
}

/** Frames that only the other end of a standing session can make. */
const IN_SESSION: ReadonlySet<number> = new Set([FrameKind.data, FrameKind.ack, FrameKind.gap, FrameKind.beat]);
/** Bytes that a frame may have beside its largest message. */
const ROOM = 1024 * 1024;

/** What nothing is ever added to. */
const NOBODY: Link[] = [];

/** One inbox and the sessions whose frames arrive in it. */
export class Endpoint implements InboxReader {
  readonly owner: string;
  readonly #transport: Transport;
  readonly #handlers: EndpointHandlers;
  readonly #limits: Limits;
  readonly #auth: Authenticator | undefined;
  #inbox: Inbox | undefined;
  #drains = 0;
  readonly #frame: FrameReader;
  /** Links that took something in the delivery under way; the same one perhaps more than once. */
  #answering: Link[] = NOBODY;

  constructor(
    transport: Transport,
    owner: string,
    limits: Limits,
    handlers: EndpointHandlers,
    auth: Authenticator | undefined,
  ) {
    this.#transport = transport;
    this.owner = owner;
    this.#limits = limits;
    this.#frame = new FrameReader(limits);
    this.#handlers = handlers;
    this.#auth = auth;
  }

  async open(ttl: number): Promise<void> {
    this.#inbox = await this.#transport.openInbox(this.owner, { ttl }, this);
  }

  /** Reads the inbox again from its first item; sequence numbers discard what was taken before. */
  reread(): void {
    this.#inbox?.reread();
  }

  async close(): Promise<void> {
    await this.#inbox?.close();
  }

  deliver(lane: Lane, deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#read(lane, delivery);
    // Answers that are there already leave before anything is read again: that is a system call sooner.
    const answering = this.#answering;
    this.#answering = NOBODY;
    for (let i = 0; i < answering.length; i++) (answering[i] as Link).flush();
  }

  drained(): void {
    this.#drains++;
    this.#handlers.drained?.();
  }

  beatsDrained(): void {
    this.#handlers.beatsDrained?.();
  }

  restarted(): void {
    // What is read again is discarded by its number, and what was lost is missed at the next beats.
    this.#handlers.restarted?.();
  }

  perished(): void {
    this.#handlers.perished?.();
  }

  #read(lane: Lane, delivery: Delivery): void {
    let header: FrameHeader;
    let peer: Peer | undefined;
    let seal: Seal | undefined;
    /** Whatever is wrong with it, the peer that it names is not to blame. */
    let forged = this.#auth !== undefined;
    let messages: unknown[][] | undefined;
    let sizes: number[] = [];
    const frame = this.#frame;
    try {
      if (delivery.bytes.length > this.#limits.messageBytes + ROOM) {
        throw new ProtocolError(`A frame of ${delivery.bytes.length} bytes is more than anybody may send.`);
      }
      header = frame.open(delivery.bytes);
      ({ seal } = frame);
      peer = this.#handlers.find(header[1]);
      if (this.#auth && peer && IN_SESSION.has(header[0]) && !peer.seal?.holds(seal)) {
        throw new ProtocolError(`A frame for session ${header[1]} has no valid MAC.`);
      }
      forged = false;
      if (peer && header[0] === FrameKind.data && peer.takes() && peer.link.accepts(header)) {
        let message: unknown[] | undefined;
        while ((message = frame.next(peer.scope))) {
          const whole = peer.complete(message, frame.failure);
          // One alone is the rule: a list that grows takes room for many.
          if (messages === undefined) {
            messages = [whole];
            sizes = [frame.size];
          } else {
            messages.push(whole);
            sizes.push(frame.size);
          }
        }
      }
    } catch (error) {
      const wrong =
        error instanceof ProtocolError ? error : new ProtocolError('A frame cannot be read.', { cause: error });
      if (peer && !forged) this.#handlers.broken(peer, wrong);
      else this.#handlers.malformed(wrong);
      return;
    } finally {
      frame.close();
    }
    if (!peer) return this.#stranger(header, seal);
    try {
      if (messages) {
        if (this.#answering.length === 0) this.#answering = [peer.link];
        else if (this.#answering.at(-1) !== peer.link) this.#answering.push(peer.link);
        peer.link.take(header, messages, sizes, Math.max(0, this.#transport.now() - delivery.at));
      } else this.#control(peer, header, lane, seal);
    } catch (error) {
      this.#handlers.failed(peer, error);
    }
  }

  #control(peer: Peer, header: FrameHeader, lane: Lane, seal: Seal | undefined): void {
    switch (header[0]) {
      case FrameKind.ack:
        peer.link.heard(header);
        break;
      case FrameKind.beat:
        if (lane !== 'beats') return;
        peer.link.heard(header);
        peer.beat(header[6], header[7]);
        peer.link.missing(header[6], header[2], this.#drains);
        break;
      case FrameKind.gap:
        peer.link.gap(header[2], header[3]);
        break;
      default:
        this.#stranger(header, seal);
    }
  }

  #stranger(header: FrameHeader, seal: Seal | undefined): void {
    const session = header[1];
    switch (header[0]) {
      case FrameKind.hello:
        this.#handlers.hello?.(session, header[2], seal);
        break;
      case FrameKind.welcome:
        this.#handlers.welcome?.(session, header[2], seal);
        break;
      case FrameKind.ended:
        this.#handlers.ended?.(
          session,
          { reason: header[2], text: header[3], generation: header[4], answers: header[5] },
          seal,
        );
        break;
      case FrameKind.data:
      case FrameKind.beat:
        if (!this.#handlers.find(session)) this.#handlers.unknown?.(session, seal);
        break;
      default:
    }
  }
}

/** Frames outside of any link: they open, refuse and end sessions, and are said again rather than acknowledged. */
export function helloFrame(session: string, hello: Hello, key: HeldKey | undefined): Uint8Array {
  return encodeFrame([FrameKind.hello, session, hello], [], key?.mac);
}

export function welcomeFrame(session: string, welcome: Welcome, seal: SessionSeal | undefined): Uint8Array {
  return encodeFrame([FrameKind.welcome, session, welcome], [], seal?.mac);
}

/**
 * Sealed as the session is, where it is known; else with the authkey itself, and then it is believed only where it answers
 * a frame that was just made: anybody may have a server say that it does not know a session.
 */
export function endedFrame(
  session: string,
  { reason, text, generation, answers }: End,
  key: { mac(body: Uint8Array): Uint8Array } | undefined,
): Uint8Array {
  return encodeFrame(
    [FrameKind.ended, session, reason, text, generation, answers],
    [],
    key && ((body) => key.mac(body)),
  );
}

/** A MAC that is none. */
export const NO_MAC = new Uint8Array(0);

/** The MAC of a frame that was made here. */
export function macOf(frame: Uint8Array): Uint8Array {
  return Uint8Array.from(frame.subarray(1, 1 + (frame[0] as number)));
}

export function beatFrame(link: Link, number: number, echo: number): Uint8Array {
  const [seq, ack, calls, bytes] = link.state();
  return encodeFrame([FrameKind.beat, link.session, seq, ack, calls, bytes, number, echo], [], link.mac);
}

/** A session's id starts with the inbox of the client that it belongs to, so that it can be answered by who knows nothing else of it. */
export function inboxOfSession(session: string): string {
  return session.slice(0, session.indexOf('.'));
}
