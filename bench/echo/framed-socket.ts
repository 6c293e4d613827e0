import type { Socket } from 'node:net';
import { type Message, packFrame, unpackFrame } from './frame.js';

const HEAD = 4;

/** Frames on a socket, each with its length before it: all messages of one turn of the event loop in one. */
export class FramedSocket {
  readonly #socket: Socket;
  #messages: Message[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, receive: (message: Message) => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#read(chunk, receive));
  }

  send(message: Message): void {
    if (this.#messages.push(message) === 1) process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    const frame = packFrame(this.#messages);
    this.#messages = [];
    const head = Buffer.allocUnsafe(HEAD);
    head.writeUInt32LE(frame.length);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(frame);
    this.#socket.uncork();
  };

  #read(chunk: Buffer, receive: (message: Message) => void): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= HEAD) {
      const end = at + HEAD + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      for (const message of unpackFrame(bytes.subarray(at + HEAD, end))) receive(message);
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
