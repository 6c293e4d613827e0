import { AsyncResource } from 'node:async_hooks';
import { connect as connectNet, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { AuthenticationError, ConfigurationError, ProtocolError } from '../../protocol/errors.js';
import { MediumError } from '../medium-error.js';
import type { Lane } from '../transport.js';
import { connectOptions, formatAddress, type SocketAddress } from './address.js';
import { knock, strange, type Admission } from './knock.js';
import { LONGEST_STRANGE } from './messages.js';
import { Intake } from './intake.js';
import type { SocketKeys } from './proof.js';
import type { SocketTransportOptions } from './socket-options.js';
import type { Turn } from './turn.js';
import { Wire } from './wire.js';

const LONGEST_DELAY = 1000;
/** A connection that lasted this long (ms) was a good one: after it the first attempt comes soon. */
const GOOD = 500;
/** One that stood for less was cut: the next attempt comes nearly as soon, however often that happens. */
const CUT = 1;

export interface SocketConnectionOptions {
  readonly lane: Lane;
  readonly address: () => Promise<SocketAddress>;
  /** Told that nobody listens there. Whether somebody may by now; what it rejects with is why nobody does. */
  readonly absent: (address: SocketAddress) => Promise<boolean>;
  readonly client: Buffer;
  readonly tls: SocketTransportOptions['tls'];
  readonly keys: SocketKeys | undefined;
  /** Ms that a hub may take to let us in. */
  readonly patience: number;
  readonly turn: Turn;
  /** It stands: sets the handler of `wire`. */
  readonly connected: (wire: Wire, admission: Admission) => void;
  /** It is gone. */
  readonly lost: () => void;
  /** An error that no later attempt will mend. Not called once the connection has stood: what worked may work again. */
  readonly fatal: (error: Error) => void;
}

/** Keeps one of the two connections to a hub: one that is lost is made again, for ever. */
export class SocketConnection {
  readonly #options: SocketConnectionOptions;
  /** What is read runs as part of nothing that happened to be under way when the connection was made. */
  readonly #scope = new AsyncResource('SocketConnection');
  #wire: Wire | null = null;
  #lastError: Error | undefined;
  #address: SocketAddress | undefined;
  #giveUp: ((error: Error) => void) | null = null;
  #wake: (() => void) | null = null;
  #closed = false;
  #running: Promise<void> | null = null;

  constructor(options: SocketConnectionOptions) {
    this.#options = options;
  }

  /** Null while there is no connection. */
  get wire(): Wire | null {
    return this.#wire;
  }

  /** Where it was last tried to connect to. */
  get address(): SocketAddress | undefined {
    return this.#address;
  }

  get lastError(): Error | undefined {
    return this.#wire ? undefined : this.#lastError;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Throws the present connection away. */
  fail(error: Error): void {
    this.#giveUp?.(error);
  }

  /** Disconnects for good; what was written before is still sent, within `linger` ms. */
  async close(linger: number): Promise<void> {
    if (this.#closed) return void (await this.#running);
    this.#closed = true;
    const wire = this.#wire;
    if (wire && linger > 0) await hangUp(wire, linger);
    this.#wake?.();
    this.fail(new MediumError('the transport was closed'));
    await this.#running;
  }

  async #run(): Promise<void> {
    let attempt = 0;
    let stood = 0;
    while (!this.#closed) {
      const begun = performance.now();
      const before = stood;
      try {
        await this.#live(() => (stood += 1));
      } catch (error) {
        if (this.#closed) return;
        if (stood === 0 && error instanceof Error && isFatal(error)) this.#options.fatal(error);
        if (isAbsent(error) && (await this.#absent(stood === 0))) continue;
      }
      if (performance.now() - begun > GOOD) attempt = 0;
      else if (stood > before) attempt = Math.min(attempt, CUT);
      await this.#pause(attempt++);
    }
  }

  /** One connection from its making to its end; rejects with what ended it. */
  async #live(stands: () => void): Promise<void> {
    const { lane, client, tls, turn, patience } = this.#options;
    // First of all: whatever is awaited from here on is given up by a close.
    const lost = new Promise<never>((_, reject) => (this.#giveUp = reject));
    lost.catch(() => undefined);
    let deadline: NodeJS.Timeout | undefined;
    let socket: Socket | undefined;
    let wire: Wire | undefined;
    try {
      const address = (this.#address = await Promise.race([lost, this.#options.address()]));
      const where = formatAddress(address);
      const keys = await Promise.race([lost, this.#options.keys?.()]);
      deadline = setTimeout(
        () => this.fail(new MediumError(`no answer from ${where} within ${patience} ms`)),
        patience,
      );
      const intake = new Intake();
      socket = this.#scope.runInAsyncScope(dial, null, address, tls, intake);
      await Promise.race([lost, connected(socket, where)]);
      wire = new Wire(socket, turn, {
        longest: LONGEST_STRANGE,
        intake,
        closed: (error) => this.fail(this.#whyClosed(where, error)),
      });
      wire.urgent = lane === 'beats';
      const admission = await Promise.race([lost, knock(wire, { address: where, client, lane, keys })]);
      clearTimeout(deadline);
      this.#wire = wire;
      stands();
      this.#options.connected(wire, admission);
      await lost;
    } catch (error) {
      this.#lastError = error as Error;
      throw error;
    } finally {
      clearTimeout(deadline);
      const stood = this.#wire !== null;
      this.#giveUp = this.#wire = null;
      wire?.destroy();
      socket?.destroy();
      if (stood) this.#options.lost();
    }
  }

  #whyClosed(where: string, error: Error | undefined): Error {
    // A hub that says what nobody can mean is none.
    if (!this.#wire && error instanceof ProtocolError) return strange(where);
    return new MediumError(`the connection to ${where} was closed`, error);
  }

  /** Whether somebody listens by now. */
  async #absent(first: boolean): Promise<boolean> {
    const { absent, fatal } = this.#options;
    const closed = new Promise<void>((resolve) => (this.#wake = resolve));
    try {
      return (await Promise.race([absent(this.#address as SocketAddress), closed])) === true;
    } catch (error) {
      this.#lastError = error as Error;
      // Nobody waits for what never worked; what did may work again.
      if (first && isFatal(error as Error)) fatal(error as Error);
      return false;
    } finally {
      this.#wake = null;
    }
  }

  async #pause(attempt: number): Promise<void> {
    if (this.#closed) return;
    const longest = Math.min(LONGEST_DELAY, 40 * 2 ** Math.min(attempt, 10));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}

function dial(address: SocketAddress, tls: SocketTransportOptions['tls'], { onread }: Intake): Socket {
  const options = { ...connectOptions(address), onread };
  if (!tls) return connectNet(options);
  const servername = address.kind === 'tcp' && isIP(address.host) === 0 ? { servername: address.host } : {};
  return connectTls({ ...options, ...servername, ...(tls === true ? {} : tls) });
}

/** Resolves when its bytes can be written. */
function connected(socket: Socket, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(whyNot(error, where)));
    socket.once('close', () => reject(new MediumError(`the connection to ${where} was closed`)));
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', resolve);
  });
}

/** Says `ended` to the other end and waits until it has heard it, or `longest` ms. */
async function hangUp(wire: Wire, longest: number): Promise<void> {
  if (wire.closed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, longest);
    wire.socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    wire.end();
  });
}

/** What is wrong with how we were told to connect, as against a hub that is away. */
function isFatal(error: Error): boolean {
  return error instanceof ConfigurationError || error instanceof AuthenticationError;
}

function isAbsent(error: unknown): boolean {
  const code = (error as { cause?: { code?: unknown } } | undefined)?.cause?.code;
  return error instanceof MediumError && (code === 'ECONNREFUSED' || code === 'ENOENT');
}

function whyNot(error: NodeJS.ErrnoException, where: string): Error {
  const { code = '' } = error;
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return new MediumError(`nobody listens at ${where}`, error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ConfigurationError(`This user may not connect to ${where}: it belongs to another one.`, {
      cause: error,
    });
  }
  if (/^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code)) {
    return new ConfigurationError(
      `TLS with ${where} failed: ${error.message}. Check the option \`tls\` of both ends.`,
      {
        cause: error,
      },
    );
  }
  return new MediumError(`${where} cannot be reached: ${error.message}`, error);
}
