import type { Socket } from 'node:net';

/** Connections at once that have not said who they are. One that comes beyond that tries again. */
const MOST = 256;
/** Ms after which each of them was let in or turned away. */
const LONGEST_STAY = 15_000;
/** Ms between two reports. */
const SELDOM = 1000;

/** Those who connect and are not let in yet, or never. */
export class Strangers {
  /** Connections that were taken so far. */
  arrivals = 0;
  readonly #report: ((text: string) => void) | undefined;
  readonly #sockets = new Map<Socket, number>();
  #refused = 0;
  #reportedAt = -Infinity;

  constructor(report: ((text: string) => void) | undefined) {
    this.#report = report;
  }

  /** False where there are too many. */
  arrived(socket: Socket): boolean {
    this.arrivals++;
    // Until somebody else listens: an error of a socket that nobody asks ends the process.
    socket.on('error', () => undefined);
    if (this.#sockets.size >= MOST) this.#forgetOld();
    if (this.#sockets.size >= MOST) {
      this.refused(new Error(`${MOST} connections that have not said who they are wait already.`));
      return false;
    }
    this.#sockets.set(socket, performance.now());
    socket.once('close', () => this.#sockets.delete(socket));
    return true;
  }

  /** It was let in. Under TLS it is known by another socket, which has the same ends. */
  admitted(socket: Socket): void {
    for (const each of this.#sockets.keys()) if (each === socket || isSame(each, socket)) this.#sockets.delete(each);
  }

  /** Somebody was turned away, or broke the protocol. */
  refused(reason: Error): void {
    this.#refused++;
    const now = performance.now();
    if (!this.#report || now - this.#reportedAt < SELDOM) return;
    this.#reportedAt = now;
    this.#report(`${this.#refused} connections were refused so far; the last: ${reason.message}`);
  }

  /** Those let in that were not recognised: under TLS over a Unix socket they have nothing to be known by. */
  #forgetOld(): void {
    const before = performance.now() - LONGEST_STAY;
    for (const [socket, since] of this.#sockets) if (since < before) this.#sockets.delete(socket);
  }

  dismiss(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }
}

function isSame(one: Socket, other: Socket): boolean {
  return (
    one.remotePort !== undefined && one.remotePort === other.remotePort && one.remoteAddress === other.remoteAddress
  );
}
