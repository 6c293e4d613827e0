import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ManagerError } from '../../protocol/errors.js';
import { MediumError } from '../medium-error.js';
import type { Mailbox } from '../memory/mailbox.js';
import { MemoryInbox } from '../memory/memory-inbox.js';
import { MemoryStore } from '../memory/memory-store.js';
import { MemoryTransport } from '../memory/memory-transport.js';
import { processClock } from '../memory/process-clock.js';
import type { Lane, Transport } from '../transport.js';
import { formatAddress, parseAddress, type SocketAddress } from './address.js';
import { DrainLook } from './drain-look.js';
import { GenerationFile } from './generation-file.js';
import { Greeting } from './greeting.js';
import { Guest, type HubRoom } from './guest.js';
import { checkReach, Listener } from './listener.js';
import { LONGEST_STRANGE } from './messages.js';
import type { SocketHubOptions } from './socket-options.js';
import { Strangers } from './strangers.js';
import { Turn } from './turn.js';
import { Wire } from './wire.js';

/** Ms that `close` waits for clients to take what was sent to them. */
const LINGER = 500;
/** Bytes of one read from which on it waits for the beats that may be there, too. */
const BULK = 16 * 1024;
/** Ms between two looks for connections that are silent, and looks after which one of them is given up. */
const SILENCE_LOOK = 5000;
const SILENCE_LOOKS = 4;

/**
 * The listening side of the socket transport: the process that it is in is the medium. It keeps the inboxes, the claims and
 * the clock, for itself and for the processes that connect to it.
 *
 * @example
 * ```ts
 * const hub = new SocketHub({ listen: await defaultAddress() });
 * await hub.open();
 * const own = hub.connect(); // for the server in this process; others use `new SocketTransport({ address: hub.address })`
 * ```
 */
export class SocketHub {
  readonly #options: SocketHubOptions;
  readonly #wanted: SocketAddress;
  readonly #id = randomBytes(16);
  readonly #store = new MemoryStore(processClock, {
    read: () => this.#generations?.read() ?? 0,
    write: (generation) => this.#generations?.write(generation),
  });
  readonly #inboxes = new Map<string, Mailbox>();
  readonly #guests = new Map<string, Guest>();
  /** Those who were let in, with how far each was read when it was last looked at. */
  readonly #wires = new Map<Wire, { read: number; silent: number }>();
  readonly #strangers: Strangers;
  readonly #turn = new Turn();
  /** What the present read put something into; the same one perhaps more than once. */
  #touched: Mailbox[] = [];
  readonly #room: HubRoom;
  #listener: Listener | undefined;
  #generations: GenerationFile | undefined;
  #drains: DrainLook | undefined;
  #silence: NodeJS.Timeout | undefined;
  #bulk: NodeJS.Immediate | undefined;
  #address: string | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError where the address is none. */
  constructor(options: SocketHubOptions) {
    this.#options = options;
    this.#wanted = parseAddress(options.listen);
    this.#strangers = new Strangers(options.onRefused);
    this.#room = {
      inboxes: this.#inboxes,
      store: this.#store,
      now: processClock,
      touch: (mailbox) => {
        if (this.#touched.length === 0) this.#touched = [mailbox];
        else if (this.#touched.at(-1) !== mailbox) this.#touched.push(mailbox);
      },
      wasRead: (lane, bytes) => this.#wasRead(lane, bytes),
    };
  }

  /** Where it listens, once it is open: with the port that it was given. */
  get address(): string {
    if (this.#address === undefined) throw new MediumError('the hub is not open');
    return this.#address;
  }

  /** Clients of other processes that are connected. */
  get guests(): number {
    let here = 0;
    for (const guest of this.#guests.values()) if (guest.here) here++;
    return here;
  }

  /**
   * Listens. Idempotent.
   *
   * @throws ConfigurationError where the address is taken or not to be had, or where others could reach it without a key.
   */
  open(): Promise<void> {
    return (this.#opening ??= this.#open());
  }

  /** A transport for this process, without a socket in between. Opening it opens the hub. */
  connect(): Transport {
    return new MemoryTransport({
      kind: 'socket',
      alone: false,
      inboxes: this.#inboxes,
      store: this.#store,
      now: processClock,
      open: () => this.open(),
    });
  }

  /** Lets everybody go, and the address: the next hub may listen there at once. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #open(): Promise<void> {
    checkReach(this.#wanted, this.#options.keys !== undefined);
    const { generations, tls } = this.#options;
    this.#generations =
      generations === undefined
        ? await GenerationFile.of(formatAddress(this.#wanted))
        : new GenerationFile(generations);
    if (this.#closing) throw closed();
    const listener = new Listener(tls, {
      arrived: (socket) => this.#strangers.arrived(socket),
      connected: (socket) => this.#greet(socket),
      failed: (error) => this.#strangers.refused(error),
    });
    this.#address = await listener.listen(this.#wanted);
    this.#listener = listener;
    if (this.#closing) return;
    this.#drains = new DrainLook({
      wires: () => this.#wires.keys(),
      arrivals: () => this.#strangers.arrivals,
      drained: (asOf) => this.#drained(asOf),
    });
    this.#silence = setInterval(() => this.#lookForSilence(), SILENCE_LOOK);
    this.#silence.unref();
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    this.#drains?.stop();
    clearInterval(this.#silence);
    // The address first: whoever lost its connection may already meet the next hub there.
    await this.#listener?.close();
    this.#strangers.dismiss();
    const wires = [...this.#wires.keys()];
    const left = Promise.all(wires.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
    for (const wire of wires) wire.end();
    const longest = setTimeout(() => wires.forEach((wire) => wire.destroy()), LINGER);
    await left;
    clearTimeout(longest);
  }

  #greet(socket: Socket): void {
    let guest: Guest | undefined;
    let lane: Lane = 'frames';
    const wire: Wire = new Wire(socket, this.#turn, {
      longest: LONGEST_STRANGE,
      closed: (error) => {
        greeting.stop();
        this.#wires.delete(wire);
        // One that is cut is nobody's fault.
        if (error instanceof ManagerError) this.#strangers.refused(error);
        if (guest) this.#left(guest, lane, wire);
      },
    });
    const greeting = new Greeting(wire, {
      keys: this.#options.keys,
      hub: this.#id,
      now: processClock,
      refused: (reason) => this.#strangers.refused(reason),
      admit: (client, wanted) => {
        lane = wanted;
        wire.urgent = lane === 'beats';
        this.#strangers.admitted(socket);
        this.#wires.set(wire, { read: wire.bytesRead, silent: 0 });
        guest = this.#guest(client);
        guest.enter(lane, wire);
      },
    });
    wire.handler = greeting;
  }

  #guest(client: string): Guest {
    let guest = this.#guests.get(client);
    if (!guest) this.#guests.set(client, (guest = new Guest(client, this.#room)));
    return guest;
  }

  #left(guest: Guest, lane: Lane, wire: Wire): void {
    guest.left(lane, wire);
    if (!guest.here && guest.inboxes.size === 0) this.#guests.delete(guest.id);
  }

  /** What one read brought is handed over in the same turn, and its answers leave in it. */
  #wasRead(lane: Lane, bytes: number): void {
    if (lane === 'beats' || (bytes < BULK && !this.#bulk)) return this.#readTouched();
    // Much of it is handed over when everything was read that there is, as there may be beats, which come first.
    this.#bulk ??= setImmediate(() => this.#readBulk());
  }

  #readBulk(): void {
    this.#turn.begin();
    this.#readTouched();
    this.#turn.end();
  }

  #readTouched(): void {
    clearImmediate(this.#bulk);
    this.#bulk = undefined;
    const touched = this.#touched;
    this.#touched = [];
    for (const mailbox of touched) {
      try {
        mailbox.read();
      } catch (error) {
        // Of the reader, and no fault of the connection: heard where uncaught errors are.
        process.nextTick(() => {
          throw error;
        });
      }
    }
    this.#drains?.soon();
  }

  #drained(asOf: number): void {
    for (const inbox of this.#inboxes.values()) if (inbox instanceof MemoryInbox) inbox.drained(asOf);
    const now = processClock();
    for (const guest of this.#guests.values()) {
      if (guest.here) continue;
      // Not by a timer: after a pause of this process those who come back are read first.
      guest.expire(now);
      if (guest.inboxes.size === 0) this.#guests.delete(guest.id);
    }
  }

  /** Looks are counted, not time: however long this process was paused, that is one look. */
  #lookForSilence(): void {
    for (const [wire, seen] of this.#wires) {
      seen.silent = wire.bytesRead === seen.read ? seen.silent + 1 : 0;
      seen.read = wire.bytesRead;
      if (seen.silent > SILENCE_LOOKS) wire.destroy();
    }
  }
}

function closed(): MediumError {
  return new MediumError('the hub was closed');
}
