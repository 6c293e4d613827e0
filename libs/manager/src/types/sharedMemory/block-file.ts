import * as fs from 'node:fs';
import { constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StateError } from '../../protocol/index.js';
import { turnDue } from './event-loop.js';
import { BLOCK_START, headOf, isHeadOf } from './layout.js';
import { pathOf, unreachable, type Place } from './place.js';
import { isPrivate, thisSite, unsafe, type Site } from './site.js';

const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
const close = promisify(fs.close);

/** Bytes up to which memory is read and written at once: this takes less time than it takes to have it done elsewhere. */
const AT_ONCE = 1024 * 1024;
/** The most that Node reads or writes in one go is just below 2 GiB. */
const PIECE = 1024 ** 3;
const ZEROS = Buffer.alloc(1024 * 1024);
/** File systems that are memory: tmpfs and ramfs, as Linux numbers them. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const FOLLOW_NO_LINK = constants.O_NOFOLLOW ?? 0;

/** Whoever lost a block without having closed it keeps no file open. */
const forgotten = new FinalizationRegistry<number>((fd) => fs.close(fd, () => undefined));

/** The open file of a block. Places in it are counted from where the block begins. */
export class BlockFile {
  readonly size: number;
  readonly #fd: number;
  /** Nothing of it is ever waited for. */
  readonly #inMemory: boolean;
  /** Reads and writes under way: the number of a file that is closed may be another file's at once. */
  #busy = 0;
  #closed = false;

  private constructor(fd: number, size: number, inMemory: boolean) {
    this.#fd = fd;
    this.size = size;
    this.#inMemory = inMemory;
    forgotten.register(this, fd, this);
  }

  /**
   * Makes the file of a block, full of zeros. Every byte is written: where the file system has no room, this says so and not
   * somebody's write later.
   */
  static async create(path: string, size: number, token: string): Promise<BlockFile> {
    const fd = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | FOLLOW_NO_LINK, 0o600);
    const file = new BlockFile(fd, size, await isMemory(path));
    try {
      for (let at = 0; at < size; at += ZEROS.length) await file.#later(fs.write, ZEROS.subarray(0, size - at), at);
      // Last: a file without it is not a block yet.
      await file.#later(fs.write, headOf(size, token), -BLOCK_START);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Opens the block of this place.
   *
   * @throws BlockUnreachableError where it is not here; StateError where it is of another version.
   */
  static async open(place: Place, site: Site = thisSite()): Promise<BlockFile> {
    const path = pathOf(place, site);
    const why = await unsafe(site);
    if (why !== undefined) throw unreachable(place, site, why);
    let fd: number;
    try {
      fd = await open(path, constants.O_RDWR | FOLLOW_NO_LINK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const missing =
        'there is no such file. Either it was unlinked just now, or this process and the server are in containers that ' +
        'do not share this folder';
      throw unreachable(place, site, code === 'ENOENT' ? missing : `its file cannot be opened (${code})`, error);
    }
    try {
      const stat = await fstat(fd);
      const head = Buffer.alloc(BLOCK_START);
      const isBlock = stat.isFile() && isPrivate(stat) && stat.size === BLOCK_START + place.size;
      if (!isBlock || fs.readSync(fd, head, 0, BLOCK_START, 0) !== BLOCK_START || !isHeadOf(head, place)) {
        throw unreachable(place, site, 'its file is another one');
      }
      return new BlockFile(fd, place.size, await isMemory(path));
    } catch (error) {
      await close(fd);
      throw error;
    }
  }

  /** Bytes from `offset` on, which the block has. */
  read(offset: number, length: number): Buffer | Promise<Buffer> {
    return this.readInto(Buffer.allocUnsafe(length), offset);
  }

  /** The same, into bytes that there are already. */
  readInto<B extends Uint8Array>(bytes: B, offset: number): B | Promise<B> {
    this.#expectOpen();
    if (!this.#isQuick(bytes)) return this.#later(fs.read, bytes, offset);
    const turn = turnDue();
    return turn ? turn.then(() => this.#now(fs.readSync, bytes, offset)) : this.#now(fs.readSync, bytes, offset);
  }

  /** Puts bytes at `offset`, for which the block has room. */
  write(offset: number, bytes: Uint8Array): unknown {
    this.#expectOpen();
    if (!this.#isQuick(bytes)) return this.#later(fs.write, bytes, offset);
    const turn = turnDue();
    return turn ? turn.then(() => this.#now(fs.writeSync, bytes, offset)) : this.#now(fs.writeSync, bytes, offset);
  }

  /** Idempotent. What is under way goes on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle();
  }

  #isQuick({ length }: Uint8Array): boolean {
    return this.#inMemory && length <= AT_ONCE;
  }

  #now<B extends Uint8Array>(move: typeof fs.readSync | typeof fs.writeSync, bytes: B, offset: number): B {
    this.#expectOpen();
    const { length } = bytes;
    for (let done = 0; done < length;) {
      done += moved((move as typeof fs.writeSync)(this.#fd, bytes, done, length - done, BLOCK_START + offset + done));
    }
    return bytes;
  }

  #expectOpen(): void {
    if (this.#closed)
      throw new StateError('The file of the block was closed meanwhile, by its user or with the lease: try again.', {
        fate: 'not-executed',
      });
  }

  async #later<B extends Uint8Array>(move: typeof fs.read | typeof fs.write, bytes: B, offset: number): Promise<B> {
    this.#busy++;
    try {
      const { length } = bytes;
      for (let done = 0; done < length;) {
        const from = done;
        const count = await new Promise<number>((resolve, reject) => {
          (move as typeof fs.write)(
            this.#fd,
            bytes,
            from,
            Math.min(PIECE, length - from),
            BLOCK_START + offset + from,
            (error, count) => (error ? reject(error) : resolve(count)),
          );
        });
        done += moved(count);
      }
      return bytes;
    } finally {
      this.#busy--;
      this.#settle();
    }
  }

  #settle(): void {
    if (!this.#closed || this.#busy > 0) return;
    forgotten.unregister(this);
    fs.close(this.#fd, () => undefined);
  }
}

/** None means that the file was cut short, and would be tried for ever. */
function moved(count: number): number {
  if (count > 0) return count;
  throw new StateError('The file of the block has been cut short by somebody else: make a new block.');
}

async function isMemory(path: string): Promise<boolean> {
  return statfs(path).then(
    ({ type }) => IN_MEMORY.has(type),
    () => false,
  );
}
