import { decodeFrame, encodeFrame, FrameKind, ProtocolError } from '../protocol/index.js';
import type { EndReason, FrameHeader, Hello, Limits, ReferenceScope, Welcome } from '../protocol/index.js';
import type { Delivery, Inbox, InboxReader, Lane, Transport } from '../transport/index.js';
import type { Link } from './link.js';

/** One session as the frames of an inbox meet it. */
export interface Peer {
  readonly link: Link;
  readonly scope: ReferenceScope;
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
  hello?(session: string, hello: Hello): void;
  welcome?(session: string, welcome: Welcome): void;
  ended?(session: string, reason: EndReason, text: string): void;
  /** A data frame or beat of a session that is not known here. */
  unknown?(session: string): void;
  /** The inbox was read to its end. */
  drained?(): void;
  /** The medium was away for a while, or lost the inbox. */
  restarted?(): void;
  /** Bytes that are no frame; the peer is not known. */
  malformed(error: ProtocolError): void;
  /** A frame of a standing session that cannot be read. */
  broken(peer: Peer, error: ProtocolError): void;
}

/** One inbox and the sessions whose frames arrive in it. */
export class Endpoint implements InboxReader {
  readonly owner: string;
  readonly #transport: Transport;
  readonly #handlers: EndpointHandlers;
  readonly #limits: Limits;
  #inbox: Inbox | undefined;
  #drains = 0;
  /** Links that took something in the delivery under way. */
  readonly #answering = new Set<Link>();

  constructor(transport: Transport, owner: string, limits: Limits, handlers: EndpointHandlers) {
    this.#transport = transport;
    this.owner = owner;
    this.#limits = limits;
    this.#handlers = handlers;
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
    if (this.#answering.size === 0) return;
    // Answers that are there already leave before anything is read again: that is a system call sooner.
    for (const link of this.#answering) link.flush();
    this.#answering.clear();
  }

  drained(): void {
    this.#drains++;
    this.#handlers.drained?.();
  }

  restarted(): void {
    // What is read again is discarded by its number, and what was lost is missed at the next beats.
    this.#handlers.restarted?.();
  }

  #read(lane: Lane, delivery: Delivery): void {
    let header: FrameHeader | undefined;
    let peer: Peer | undefined;
    const messages: unknown[][] = [];
    const sizes: number[] = [];
    try {
      decodeFrame(
        delivery.bytes,
        (opened) => {
          header = opened;
          peer = this.#handlers.find(opened[1]);
          return peer && opened[0] === FrameKind.data && peer.takes() && peer.link.accepts(opened) ? peer.scope : null;
        },
        (message, size, failure) => {
          messages.push((peer as Peer).complete(message, failure));
          sizes.push(size);
        },
        this.#limits,
      );
    } catch (error) {
      const wrong =
        error instanceof ProtocolError ? error : new ProtocolError('A frame cannot be read.', { cause: error });
      if (peer) this.#handlers.broken(peer, wrong);
      else this.#handlers.malformed(wrong);
      return;
    }
    if (!header) return;
    if (!peer) this.#stranger(header);
    else if (messages.length > 0) {
      this.#answering.add(peer.link);
      peer.link.take(header, messages, sizes, Math.max(0, this.#transport.now() - delivery.at));
    } else this.#control(peer, header, lane);
  }

  #control(peer: Peer, header: FrameHeader, lane: Lane): void {
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
        peer.link.gap(header[2]);
        break;
      default:
        this.#stranger(header);
    }
  }

  #stranger(header: FrameHeader): void {
    const session = header[1];
    switch (header[0]) {
      case FrameKind.hello:
        this.#handlers.hello?.(session, header[2]);
        break;
      case FrameKind.welcome:
        this.#handlers.welcome?.(session, header[2]);
        break;
      case FrameKind.ended:
        this.#handlers.ended?.(session, header[2], header[3]);
        break;
      case FrameKind.data:
      case FrameKind.beat:
        if (!this.#handlers.find(session)) this.#handlers.unknown?.(session);
        break;
      default:
    }
  }
}

/** Frames outside of any link: they open, refuse and end sessions, and are said again rather than acknowledged. */
export function helloFrame(session: string, hello: Hello): Uint8Array {
  return encodeFrame([FrameKind.hello, session, hello], []);
}

export function welcomeFrame(session: string, welcome: Welcome): Uint8Array {
  return encodeFrame([FrameKind.welcome, session, welcome], []);
}

export function endedFrame(session: string, reason: EndReason, text: string): Uint8Array {
  return encodeFrame([FrameKind.ended, session, reason, text], []);
}

export function beatFrame(link: Link, number: number, echo: number): Uint8Array {
  const [seq, ack, calls, bytes] = link.state();
  return encodeFrame([FrameKind.beat, link.session, seq, ack, calls, bytes, number, echo], []);
}

/** A session's id starts with the inbox of the client that it belongs to, so that it can be answered by who knows nothing else of it. */
export function inboxOfSession(session: string): string {
  return session.slice(0, session.indexOf('.'));
}
