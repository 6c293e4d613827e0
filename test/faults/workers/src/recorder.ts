import { openSync, writeSync } from 'node:fs';
import { ManagerError } from 'nestjs-manager';
import { tell } from '../../../workers/dist/protocol.js';
import { now, type Event, type Failure } from './history.js';

/** What a process tells of itself: without the time, and who says it. */
type Told = Event extends infer E ? (E extends Event ? Omit<E, 'at' | 'by'> : never) : never;

/** How often it looks whether this process runs, in ms. */
const TICK = 20;
/** Of one gap between two looks so much was run. */
const MOST = 60;
/** A longer gap is told. */
const LAG = 250;

/**
 * Writes the history of this process, line by line: what was written stays, however the process ends. Without a file, only
 * trouble is told, to the log.
 */
export class Recorder {
  readonly by: string;
  readonly #file: number | undefined;
  #ran = 0;
  #last = now();

  constructor(by: string, file: string | undefined) {
    this.by = by;
    this.#file = file === undefined ? undefined : openSync(file, 'a');
    this.record({ kind: 'born' });
    setInterval(() => this.#tick(), TICK).unref();
    process.on('unhandledRejection', (reason) => this.trouble(`unhandled rejection: ${shown(reason)}`));
    process.on('uncaughtExceptionMonitor', (error) => this.trouble(`uncaught exception: ${shown(error)}`));
    process.on('warning', (warning) => this.trouble(`warning: ${shown(warning)}`));
  }

  record(told: Told): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify({ at: now(), by: this.by, ...told })}\n`);
  }

  trouble(text: string): void {
    this.record({ kind: 'trouble', text });
    tell({ kind: 'log', level: 'trouble', text });
  }

  /** Ms that this process ran so far: a pause, or a machine that does something else, does not count. */
  get ran(): number {
    return this.#ran;
  }

  #tick(): void {
    const gap = now() - this.#last;
    this.#last += gap;
    this.#ran += Math.min(gap, MOST);
    if (gap > LAG) this.record({ kind: 'lag', ms: gap });
  }
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { class: typeof error, ours: false, fate: undefined, message: String(error) };
  const ours = error instanceof ManagerError;
  return { class: error.constructor.name, ours, fate: ours ? error.fate : undefined, message: error.message };
}

function shown(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
