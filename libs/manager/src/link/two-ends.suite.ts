import { decodeFrame } from '../protocol/decode-frame.suite.js';
import { DEFAULT_LIMITS, encodeMessage, FrameKind } from '../protocol/index.js';
import type { Allowance, FrameHeader, ProtocolError, ReferenceScope } from '../protocol/index.js';
import type { Claims, Inbox, InboxOptions, InboxReader, Lane, Transport, TransportState } from '../transport/index.js';
import { beatFrame, BeatCounter, Endpoint, Link } from './index.js';
import type { EndpointHandlers, Peer } from './index.js';

/** Something written: what the test then does with it is the medium's doing. */
export interface Letter {
  readonly to: string;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
  readonly header: FrameHeader;
}

/** What becomes of a letter: answered as the answer of the write. */
export type Post = (letter: Letter) => Promise<boolean>;

/** One end's access to a medium that the test plays. */
export class PlayedTransport implements Transport {
  readonly kind = 'played';
  readonly lastError = undefined;
  readonly state: TransportState = 'connected';
  readonly readers = new Map<string, InboxReader>();
  rereads = 0;
  readonly #post: Post;
  readonly #now: () => number;

  constructor(post: Post, now: () => number) {
    this.#post = post;
    this.#now = now;
  }

  get claims(): Claims {
    throw new Error('A link needs no claims.');
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  onState(): () => void {
    return () => undefined;
  }

  openInbox(owner: string, _options: InboxOptions, reader: InboxReader): Promise<Inbox> {
    this.readers.set(owner, reader);
    return Promise.resolve({ reread: () => void this.rereads++, close: () => Promise.resolve() });
  }

  write(to: string, lane: Lane, bytes: Uint8Array): Promise<boolean> {
    return this.#post({ to, lane, bytes, header: headerOf(bytes) });
  }

  now(): number {
    return this.#now();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function headerOf(bytes: Uint8Array): FrameHeader {
  let found: FrameHeader | undefined;
  decodeFrame(
    bytes,
    (header) => ((found = header), null),
    () => undefined,
    DEFAULT_LIMITS,
  );
  return found as FrameHeader;
}

/** The numbers of the messages in a data frame. */
export function numbersIn({ bytes }: Letter): number[] {
  const numbers: number[] = [];
  decodeFrame(
    bytes,
    () => plain,
    (message) => numbers.push(message[1] as number),
    DEFAULT_LIMITS,
  );
  return numbers;
}

const plain: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => reference };
const MESSAGE = 9;

/** A message with a number to know it by, and about `size` bytes. */
export function numbered(number: number, size = 8): Uint8Array {
  return encodeMessage([MESSAGE, number, 'x'.repeat(size)], DEFAULT_LIMITS);
}

export interface EndOptions {
  me: string;
  peer: string;
  window: Allowance;
  post: Post;
  now?: () => number;
  deliver?: (number: number, size: number, age: number) => void;
}

/** One end of a session: a link behind a real endpoint, with the logic of beats that sessions have. */
export class End implements Peer {
  readonly scope = plain;
  readonly seal = undefined;
  readonly link: Link;
  readonly transport: PlayedTransport;
  readonly received: number[] = [];
  readonly ages: number[] = [];
  broken: ProtocolError | undefined;
  /** Frames may leave: a lease that holds. */
  mayWrite = true;
  /** Frames are taken. */
  mayTake = true;
  readonly #peer: string;
  readonly #beats = new BeatCounter();
  #beatHeard = 0;
  #beatSent = 0;
  readonly #answersBeats: boolean;

  /** `answersBeats`: the server's end, which beats only in answer. */
  constructor({ me, peer, window, post, now = () => 0, deliver }: EndOptions, answersBeats: boolean) {
    this.#peer = peer;
    this.#answersBeats = answersBeats;
    this.transport = new PlayedTransport(post, now);
    const broken = (error: ProtocolError): void => {
      this.broken ??= error;
      this.link.close();
    };
    this.link = new Link({
      session: 's',
      window,
      write: (lane, bytes) => this.transport.write(peer, lane, bytes),
      mayWrite: () => this.mayWrite,
      deliver: (messages, sizes, age) => {
        messages.forEach((message, index) => {
          const number = message[1] as number;
          this.received.push(number);
          this.ages.push(age);
          deliver?.(number, sizes[index] as number, age);
        });
      },
      onBroken: broken,
    });
    const handlers: EndpointHandlers = {
      find: () => this,
      malformed: broken,
      broken: (_peer, error) => broken(error),
      failed: (_peer, error) => {
        throw error;
      },
    };
    const endpoint = new Endpoint(this.transport, me, DEFAULT_LIMITS, handlers, undefined);
    void endpoint.open(1000);
  }

  get reader(): InboxReader {
    return [...this.transport.readers.values()][0] as InboxReader;
  }

  takes(): boolean {
    return this.mayTake;
  }

  complete(message: unknown[]): unknown[] {
    return message;
  }

  /** As `ServerSession` does at its interval. */
  sendBeat(): void {
    void this.transport.write(this.#peer, 'beats', beatFrame(this.link, this.#beats.next(), this.#beatHeard));
    this.link.retry();
  }

  beat(number: number, echo: number): boolean {
    if (number <= this.#beatHeard) return false;
    this.#beatHeard = number;
    if (this.#answersBeats) {
      this.link.retry();
      void this.transport.write(this.#peer, 'beats', beatFrame(this.link, ++this.#beatSent, number));
    } else this.#beats.acknowledged(echo);
    return true;
  }

  /** The medium hands these over in one read, which reached the end of the inbox. */
  read(letters: readonly Letter[], at = 0): void {
    for (const lane of ['beats', 'frames'] as const) {
      const deliveries = letters.filter((letter) => letter.lane === lane).map(({ bytes }) => ({ bytes, at }));
      if (deliveries.length > 0) this.reader.deliver(lane, deliveries);
    }
    this.reader.drained(0);
  }
}

/** Two ends and what they wrote to each other; nothing arrives unless the test says so. */
export class TwoEnds {
  readonly client: End;
  readonly server: End;
  /** Written to the client, and to the server, and not yet taken off by the test. */
  readonly toClient: Letter[] = [];
  readonly toServer: Letter[] = [];
  /** What writes answer. */
  written = true;
  now = 0;

  constructor(
    options: {
      clientWindow?: Allowance;
      serverWindow?: Allowance;
      atClient?: (number: number, size: number, age: number) => void;
      atServer?: (number: number, size: number, age: number) => void;
    } = {},
  ) {
    const roomy = { calls: 1000, bytes: 1_000_000 };
    const clientWindow = options.clientWindow ?? roomy;
    const serverWindow = options.serverWindow ?? roomy;
    const post: Post = (letter) => {
      (letter.to === 'client' ? this.toClient : this.toServer).push(letter);
      return Promise.resolve(this.written);
    };
    const now = (): number => this.now;
    this.client = new End(
      {
        me: 'client',
        peer: 'server',
        window: clientWindow,
        post,
        now,
        ...(options.atClient && { deliver: options.atClient }),
      },
      false,
    );
    this.server = new End(
      {
        me: 'server',
        peer: 'client',
        window: serverWindow,
        post,
        now,
        ...(options.atServer && { deliver: options.atServer }),
      },
      true,
    );
    this.client.link.allow(serverWindow);
    this.server.link.allow(clientWindow);
  }

  /** Lets the turn end: frames are cut and written. */
  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything written so far arrives, and what is written in answer, until there is no more. */
  async settle(): Promise<void> {
    do {
      await this.turn();
      this.server.read(this.toServer.splice(0), this.now);
      this.client.read(this.toClient.splice(0), this.now);
      await this.turn();
    } while (this.toServer.length + this.toClient.length > 0);
  }

  /** A beat of the client and its answer, and what comes of them. */
  async beat(): Promise<void> {
    this.client.sendBeat();
    await this.settle();
  }
}

export function isData(letter: Letter): boolean {
  return letter.header[0] === FrameKind.data;
}

export function isGap(letter: Letter): boolean {
  return letter.header[0] === FrameKind.gap;
}
