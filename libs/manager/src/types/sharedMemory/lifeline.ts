import { connect, createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';

/** What a look at a folder says of the process that made it. */
export type Sign = 'alive' | 'dead' | 'unknown';

/**
 * Something that ends with a process and can be seen from others: a socket that it listens on. Ids of processes would not do,
 * since containers that share a folder count their own. Resolves with undefined where the file system has no sockets: then
 * nobody will hold the folder for a dead one's.
 */
export async function showLife(folder: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(addressOf(folder), () => resolve(server));
  });
}

export async function lifeOf(folder: string): Promise<Sign> {
  return new Promise((resolve) => {
    const socket = connect(addressOf(folder));
    socket.once('connect', () => {
      socket.destroy();
      resolve('alive');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // A named pipe goes with its process, a socket's file does not.
      const dead = process.platform === 'win32' ? 'ENOENT' : 'ECONNREFUSED';
      resolve(code === dead ? 'dead' : 'unknown');
    });
  });
}

function addressOf(folder: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\nestjs-manager-${basename(folder)}` : join(folder, 'alive');
}
