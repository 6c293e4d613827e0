import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LastGeneration } from '../memory/memory-store.js';
import { isFresh, privateFolder } from './private-folder.js';
import { sweep } from './sweep.js';

const ENDING = '.generation';
/** Begins the names of those that only matter for a moment. */
const FRESH = 'once-';
/** A number further ahead of the clock than this (s) was not given out by us. */
const FAR_AHEAD = 7 * 24 * 3600;

/**
 * The last generation of the hubs of one address. Best effort: a generation is above the clock's seconds anyhow, so the
 * file only matters to a restart within the same second, or after the clock was set back.
 */
export class GenerationFile implements LastGeneration {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The file for `address` in the private folder; undefined where there is none to be had. */
  static async of(address: string): Promise<GenerationFile | undefined> {
    try {
      const folder = await privateFolder();
      void sweep(folder);
      const name = createHash('sha256').update(address).digest('hex').slice(0, 24);
      return new GenerationFile(join(folder, (isFresh(address) ? FRESH : '') + name + ENDING));
    } catch {
      return undefined;
    }
  }

  read(): number {
    try {
      const text = readFileSync(this.#path, 'utf8');
      const number = /^\d{1,12}$/.test(text) ? Number(text) : 0;
      return number > Date.now() / 1000 + FAR_AHEAD ? 0 : number;
    } catch {
      return 0;
    }
  }

  write(generation: number): void {
    // Another name first: a reader sees the old number or the new one, and never a part.
    const other = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(other, String(generation), { mode: 0o600 });
      renameSync(other, this.#path);
    } catch {
      // The clock is enough, but for the same second.
    }
  }
}
