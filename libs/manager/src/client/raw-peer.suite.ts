import { decodeFrame } from '../protocol/decode-frame.suite.js';
import {
  decodeError,
  DEFAULT_LIMITS,
  encodeFrame,
  encodeMessage,
  FrameKind,
  MessageKind,
  prepareValue,
  PROTOCOL_VERSION,
} from '../protocol/index.js';
import type { FrameHeader, Hello, ReferenceScope, WireReference } from '../protocol/index.js';
import { Authenticator, helloFrame, newNonce, type SessionSeal } from '../link/index.js';
import type { ManagerServer } from '../server/index.js';
import type { HouseMedium } from './house-medium.suite.js';
import type { Lane, Transport } from '../transport/index.js';
import { until } from './house.suite.js';

/** How a call of a raw peer ended. */
export interface Outcome {
  value?: unknown;
  error?: Error & Record<string, unknown>;
  fate?: unknown;
}

const ROOM = { depth: 10_000, messageBytes: 64 * 1024 * 1024 };
/** References stay what they are on the wire. */
const bare: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => reference };
let peers = 0;

/**
 * A peer with a session of its own that says what it likes: it speaks the protocol by hand, and keeps no rule of it that a
 * test does not keep for it.
 */
export class RawPeer {
  readonly inbox = `c-raw${++peers}`;
  session = `${this.inbox}.1`;
  /** Every header that came. */
  readonly headers: FrameHeader[] = [];
  /** Every message that came. */
  readonly messages: unknown[][] = [];
  seq = 0;
  taken = 0;
  calls = 0;
  /** Acknowledges nothing by itself. */
  deaf = false;
  readonly transport: Transport;
  readonly #server: string;
  readonly #generation: number;
  readonly #auth: Authenticator | undefined;
  readonly #nonce = newNonce();
  #seal: SessionSeal | undefined;

  constructor(medium: HouseMedium, server: ManagerServer, authkey?: string) {
    this.transport = medium.connect();
    this.#generation = server.identity.generation;
    this.#server = `s-${server.name}-${this.#generation}`;
    this.#auth = authkey === undefined ? undefined : new Authenticator(authkey);
  }

  /** With a session, unless the server says otherwise. */
  static async open(
    medium: HouseMedium,
    server: ManagerServer,
    options: { authkey?: string; hello?: Record<string, unknown> } = {},
  ): Promise<RawPeer> {
    const peer = new RawPeer(medium, server, options.authkey);
    await peer.listen();
    // Again and again, as every client: a server that was kept busy may not write for a moment.
    const again = setInterval(() => void peer.hello(options.hello), 100);
    await peer.hello(options.hello);
    await until(() => peer.welcomed || peer.ended);
    clearInterval(again);
    peer.#keepAlive();
    return peer;
  }

  async listen(): Promise<void> {
    await this.transport.open();
    await this.transport.openInbox(
      this.inbox,
      { ttl: 60_000 },
      {
        deliver: (_lane, deliveries) => {
          const before = this.taken;
          for (const { bytes } of deliveries) this.#read(bytes);
          if (this.taken > before && !this.deaf) void this.acknowledge();
        },
        drained: () => undefined,
        restarted: () => undefined,
      },
    );
  }

  get welcomed(): boolean {
    return this.headers.some(([kind]) => kind === FrameKind.welcome);
  }

  /** Why its session is over, if it is. */
  get ended(): string | undefined {
    const header = this.headers.find(([kind, session]) => kind === FrameKind.ended && session === this.session);
    const bye = this.messages.find(([kind]) => kind === MessageKind.bye);
    return (header?.[2] ?? bye?.[1]) as string | undefined;
  }

  get mac(): ((body: Uint8Array) => Uint8Array) | undefined {
    return this.#seal && ((body): Uint8Array => this.#seal?.mac(body) as Uint8Array);
  }

  hello(more: Record<string, unknown> = {}): Promise<boolean> {
    const hello = {
      version: PROTOCOL_VERSION,
      inbox: this.inbox,
      generation: this.#generation,
      application: 'raw',
      host: 'here',
      pid: 1,
      allowance: { calls: 0, bytes: 1024 * 1024 },
      messageBytes: 1024 * 1024,
      ...(this.#auth && { nonce: this.#nonce, at: this.transport.now() }),
      ...more,
    };
    return this.raw('frames', helloFrame(this.session, hello as Hello, this.#auth?.current));
  }

  async raw(lane: Lane, bytes: Uint8Array): Promise<boolean> {
    return this.transport.write(this.#server, lane, bytes);
  }

  /** A frame with any header, under its own session's key. */
  header(lane: Lane, header: readonly unknown[], ...bodies: Uint8Array[]): Promise<boolean> {
    return this.raw(lane, encodeFrame(header as FrameHeader, bodies, this.mac));
  }

  /** The next data frame, with any messages. */
  send(...messages: readonly unknown[][]): Promise<boolean> {
    const bodies = messages.map((message) => encodeMessage(prepareValue(message, bare, ROOM) as unknown[], ROOM));
    return this.body(...bodies);
  }

  /** The next data frame, with any bytes for messages. */
  body(...bodies: Uint8Array[]): Promise<boolean> {
    const header = [FrameKind.data, this.session, ++this.seq, this.taken, 1e9, 1e12, 0];
    return this.header('frames', header, ...bodies);
  }

  acknowledge(): Promise<boolean> {
    return this.header('frames', [FrameKind.ack, this.session, this.seq, this.taken, 1e9, 1e12]);
  }

  beat(number: number): Promise<boolean> {
    return this.header('beats', [FrameKind.beat, this.session, this.seq, this.taken, 1e9, 1e12, number, 0]);
  }

  /** Its lease does not end for want of beats. */
  #keepAlive(): void {
    let number = 0;
    const timer = setInterval(() => {
      if (this.transport.state === 'closed') clearInterval(timer);
      else void this.beat(++number);
    }, 100).unref();
  }

  /** Makes a call and waits for its answer, or for the end of the session. */
  async call(
    object: unknown,
    method: unknown,
    args: unknown,
    more: { timeout?: unknown; task?: unknown } = {},
  ): Promise<Outcome> {
    const number = ++this.calls;
    await this.send([MessageKind.call, number, object, method, args, more.timeout ?? 0, more.task ?? '']);
    return this.answer(number);
  }

  async answer(number: number): Promise<Outcome> {
    let found: unknown[] | undefined;
    const find = (): unknown =>
      (found = this.messages.find(([kind, call]) => kind !== MessageKind.bye && call === number));
    await until(() => find() ?? this.ended);
    if (!found) return {};
    if (found[0] === MessageKind.result) return { value: found[2] };
    return { error: decodeError(found[2]) as Outcome['error'] & Error, fate: found[3] };
  }

  /** Makes an object, and gives the reference to it. */
  async create(typeid: string, ...args: unknown[]): Promise<WireReference> {
    return (await this.call(0, 'create', [typeid, args])).value as WireReference;
  }

  #read(bytes: Uint8Array): void {
    decodeFrame(
      bytes,
      (header) => {
        this.headers.push(header);
        if (header[0] === FrameKind.welcome) {
          const nonces = { client: this.#nonce, server: header[2].nonce ?? '' };
          this.#seal ??= this.#auth?.current.session(this.session, nonces, 'client');
        }
        if (header[0] !== FrameKind.data || header[2] !== this.taken + 1) return null;
        this.taken++;
        return bare;
      },
      (message) => void this.messages.push(message),
      DEFAULT_LIMITS,
    );
  }
}
