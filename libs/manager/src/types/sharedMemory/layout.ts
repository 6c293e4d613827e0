import { StateError } from '../../protocol/index.js';
import type { Place } from './place.js';

/*
 * The file of a block, numbers in little-endian order:
 *
 *    0   8 bytes   'njsblock'
 *    8   u32       version of this layout: 1
 *   12   u32       where the block begins in the file: 64
 *   16   u64       bytes of the block
 *   24   16 bytes  the token of this block
 *   40             zeros
 *   64             the block
 */

/** Where the block begins in its file. */
export const BLOCK_START = 64;
const MAGIC = 'njsblock';
const VERSION = 1;

/** What the file of a block begins with. */
export function headOf(size: number, token: string): Buffer {
  const head = Buffer.alloc(BLOCK_START);
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(BLOCK_START, 12);
  head.writeBigUInt64LE(BigInt(size), 16);
  head.write(token, 24, 'hex');
  return head;
}

/**
 * Whether a file that begins so is the block of this place.
 *
 * @throws StateError for a layout of another version.
 */
export function isHeadOf(head: Buffer, { size, token }: Place): boolean {
  if (head.toString('latin1', 0, 8) !== MAGIC) return false;
  const version = head.readUInt32LE(8);
  if (version !== VERSION) {
    throw new StateError(
      `The file of the block has version ${version} of its layout, and this process reads version ${VERSION}: ` +
        'let servers and applications of a machine use one version of the package.',
    );
  }
  return head.equals(headOf(size, token));
}
