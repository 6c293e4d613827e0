import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findCall, type ResourceHost, type TypeResources } from '../../definition/index.js';
import { OverloadedError, ServerClosingError, type Limits } from '../../protocol/index.js';
import { BlockFile } from './block-file.js';
import { BLOCK_START } from './layout.js';
import type { Place } from './place.js';
import { ServerFolder, sweep } from './server-folder.js';
import { thisSite, type Site } from './site.js';

/** What a file takes at least, and in multiples of which. */
const PAGE = 4096;

export type BlockLimits = Pick<Limits, 'blockBytes' | 'totalBlockBytes'>;

/** The blocks of one server. It has a folder of its own from its first block on. */
export class BlockStore implements TypeResources {
  readonly #limits: BlockLimits;
  readonly #site: Site;
  #host: ResourceHost | undefined;
  #folder: Promise<ServerFolder> | undefined;
  #bytes = 0;
  #closed = false;
  /** Blocks that are being made. */
  readonly #making = new Set<Promise<unknown>>();

  constructor(limits: BlockLimits, site: Site = thisSite()) {
    this.#limits = limits;
    this.#site = site;
  }

  open(host: ResourceHost): void {
    this.#host = host;
    // Only what others left behind: nothing waits for it, and nothing is told of it.
    void sweep(this.#site).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#making);
    await (await this.#folder?.catch(() => undefined))?.close();
  }

  /**
   * Makes a block of `size` bytes, filled by `fill`.
   *
   * @throws RangeError where one block must not be as large; OverloadedError where all of them together must not, or the file
   * system has no room.
   */
  make(size: number, made: string | undefined, fill?: (file: BlockFile) => unknown): Promise<HostedBlock> {
    const { blockBytes, totalBlockBytes } = this.#limits;
    if (size > blockBytes) {
      throw new RangeError(
        `A block of shared memory has at most ${blockBytes} bytes here, got ${size}: the server's \`limits.blockBytes\` says so.`,
      );
    }
    const bytes = Math.ceil((BLOCK_START + size) / PAGE) * PAGE;
    if (this.#bytes + bytes > totalBlockBytes) {
      throw new OverloadedError(
        `The blocks of shared memory of this server have ${this.#bytes} bytes, and may have ${totalBlockBytes}, so that ` +
          `there is no room for ${bytes} more. Release some, or raise the server's \`limits.totalBlockBytes\`.`,
      );
    }
    this.#bytes += bytes;
    const making = this.#make(size, made, fill, () => (this.#bytes -= bytes)).catch((error: unknown) => {
      this.#bytes -= bytes;
      throw error;
    });
    this.#making.add(making);
    const settled = (): unknown => this.#making.delete(making);
    making.then(settled, settled);
    return making;
  }

  /** Takes the name of the object away whose method runs. */
  async forgetName(object: { typeid: string; name?: string } | undefined): Promise<void> {
    if (object?.name !== undefined) await this.#host?.unlink(object.typeid, object.name);
  }

  async #make(
    size: number,
    made: string | undefined,
    fill: ((file: BlockFile) => unknown) | undefined,
    freed: () => void,
  ): Promise<HostedBlock> {
    const folder = await this.#open();
    const [file, token] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    const path = join(folder.path, file);
    try {
      const opened = await BlockFile.create(path, size, token);
      try {
        await fill?.(opened);
      } finally {
        opened.close();
      }
      if (this.#closed) throw new ServerClosingError('The server is closing.');
    } catch (error) {
      rmSync(path, { force: true });
      throw isFull(error) ? noRoom(size, this.#site.root, error) : error;
    }
    const { machine, user, root } = this.#site;
    const place: Place = {
      machine,
      user,
      root,
      folder: folder.name,
      file,
      token,
      size,
      ...(made !== undefined && { made }),
    };
    return new HostedBlock(place, path, this, freed);
  }

  async #open(): Promise<ServerFolder> {
    if (this.#closed) throw new ServerClosingError('The server is closing.');
    const failed = (why: string): void => {
      this.#host?.logger.warn(
        `The process that would remove blocks of shared memory if this one were killed has ended (${why}). ` +
          'It is started anew with the next block.',
      );
    };
    this.#folder ??= ServerFolder.open(this.#site, failed).catch((error: unknown) => {
      this.#folder = undefined;
      throw isFull(error) ? noRoom(0, this.#site.root, error) : error;
    });
    const folder = await this.#folder;
    await folder.watch();
    return folder;
  }
}

/** A block in its server: its file is there until it is unlinked or freed. */
export class HostedBlock {
  readonly place: Place;
  readonly path: string;
  readonly #store: BlockStore;
  #freed: (() => void) | undefined;
  #unlinked = false;

  constructor(place: Place, path: string, store: BlockStore, freed: () => void) {
    this.place = place;
    this.path = path;
    this.#store = store;
    this.#freed = freed;
  }

  get unlinked(): boolean {
    return this.#unlinked;
  }

  /** Takes the file away, and the name. Answers whether it was this call that did. */
  async unlink(): Promise<boolean> {
    if (this.#unlinked) return false;
    const object = findCall()?.object;
    this.#remove();
    await this.#store.forgetName(object);
    return true;
  }

  /** The last reference is gone. Whoever has it open still uses its memory until then, so that it counts until now. */
  dispose(): void {
    this.#remove();
    this.#freed?.();
    this.#freed = undefined;
  }

  #remove(): void {
    if (this.#unlinked) return;
    this.#unlinked = true;
    rmSync(this.path, { force: true });
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String((error as NodeJS.ErrnoException).code));
}

function noRoom(size: number, root: string, cause: unknown): OverloadedError {
  return new OverloadedError(
    `There is no room for a block of ${size} bytes in ${root}, which has what the system or the container gives it. Release ` +
      'some blocks, give it more, or name another folder in NESTJS_MANAGER_SHARED_MEMORY.',
    { cause },
  );
}
