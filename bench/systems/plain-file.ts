// For shared memory: a file in the system's folder of shared memory, as Node reads and writes any file. There is no server.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLOCK_BYTES, type System } from '../system.js';

const MEMORY = '/dev/shm';

export default {
  async serve() {
    const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'bench-'));
    const file = await open(join(folder, 'block'), 'w');
    await file.writeFile(Buffer.alloc(BLOCK_BYTES));
    await file.close();
    return { address: folder, stop: async () => rmSync(folder, { recursive: true }) };
  },

  async connect(_context, address) {
    const file = await open(join(address!, 'block'), 'r+');
    return {
      async block() {
        return {
          async read(offset, length) {
            const { buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
            return buffer;
          },
          readInto: (target, offset) => file.read(target, 0, target.length, offset),
          write: (offset, bytes) => file.write(bytes, 0, bytes.length, offset),
        };
      },
      close: () => file.close(),
    };
  },
} satisfies System;
