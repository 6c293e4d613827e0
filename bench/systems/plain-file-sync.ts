// The same file, read and written synchronously as far as the library does: what a block costs on top of it is then the library alone.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '../system.js';
import plainFile from './plain-file.js';

export default {
  serve: plainFile.serve,

  async connect(_context, address) {
    const file = openSync(join(address!, 'block'), 'r+');
    return {
      async block() {
        return {
          async read(offset, length) {
            const bytes = Buffer.allocUnsafe(length);
            readSync(file, bytes, 0, length, offset);
            return bytes;
          },
          async readInto(target, offset) {
            readSync(file, target, 0, target.length, offset);
          },
          async write(offset, bytes) {
            writeSync(file, bytes, 0, bytes.length, offset);
          },
        };
      },
      close: async () => closeSync(file),
    };
  },
} satisfies System;
