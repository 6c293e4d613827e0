import { decodeFrame } from '../../libs/manager/src/protocol/decode-frame.suite.js';
import { DEFAULT_LIMITS, FrameKind, MessageKind } from '../../libs/manager/src/protocol/index.js';
import type { FrameHeader, ReferenceScope, WireReference } from '../../libs/manager/src/protocol/index.js';
import type { Seen } from './frames.js';

/** The latest frames that are remembered, of each direction. */
const REMEMBERED = 100;

/** Reads what one client and its server write to each other, and knows how to go on in the place of either. */
export class Eavesdropper {
  readonly typeids: readonly string[];
  readonly methods: readonly string[];
  session = '';
  clientInbox = '';
  serverInbox = '';
  readonly frames = { server: [] as Buffer[], client: [] as Buffer[] };
  #generation = 0;
  #seq = { server: 0, client: 0 };
  #call = 0;
  readonly #ids = [0, 1, 2, 3];
  readonly #scope: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => this.#met(reference) };

  constructor(typeids: readonly string[], methods: readonly string[]) {
    this.typeids = typeids;
    this.methods = methods;
  }

  /** A frame was written to the inbox of the server, or of the client. */
  heard(to: 'server' | 'client', bytes: Uint8Array): void {
    const list = this.frames[to];
    list.push(Buffer.from(bytes));
    if (list.length > REMEMBERED) list.shift();
    try {
      decodeFrame(
        bytes,
        (header) => this.#opened(to, header),
        (message) => this.#message(message),
        DEFAULT_LIMITS,
      );
    } catch {
      // Of another stranger.
    }
  }

  /** What whoever writes to the server, or the client, in this session has to know. */
  seen(to: 'server' | 'client'): Seen {
    const from = to === 'server' ? 'client' : 'server';
    return {
      session: this.session,
      generation: this.#generation,
      seq: this.#seq[to] + 1,
      peerSeq: this.#seq[from],
      call: this.#call + 1,
      ids: this.#ids,
      typeids: this.typeids,
      methods: this.methods,
      wild: 0.1,
    };
  }

  /** A frame of ours took the next number. */
  wrote(to: 'server' | 'client', calls: number): void {
    this.#seq[to]++;
    this.#call += calls;
  }

  #opened(to: 'server' | 'client', header: FrameHeader): ReferenceScope | null {
    if (header[0] === FrameKind.hello) {
      this.session = header[1];
      // The first is not one of a stranger's.
      this.#generation ||= header[2].generation;
      this.#seq = { server: 0, client: 0 };
      this.#call = 0;
    }
    if (header[0] !== FrameKind.data || header[1] !== this.session) return null;
    this.#seq[to] = Math.max(this.#seq[to], header[2]);
    return this.#scope;
  }

  #message(message: unknown[]): void {
    if (message[0] === MessageKind.call) this.#call = Math.max(this.#call, Number(message[1]));
  }

  #met(reference: WireReference): unknown {
    this.#ids.push(reference.id);
    if (this.#ids.length > 20) this.#ids.splice(4, 1);
    return undefined;
  }
}
