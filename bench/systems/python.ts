// Where the idea comes from: Python's multiprocessing.managers, with as many processes as it gains from.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Sample } from '../sample.js';
import { type System, UnavailableError } from '../system.js';

const SCRIPT = join(import.meta.dirname, '../../python/driver.py');
const CASES = [
  'call',
  'create',
  'release',
  'queue',
  'lock',
  'lock-contended',
  'dict',
  'shared-memory',
  'shared-memory-bulk',
];

/** A Python process that is asked and answers by lines, and ends with its standard input. */
class Python {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(args: string[]) {
    this.#child = spawn('python3', ['-B', SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(...args: string[]): Promise<Python> {
    const python = new Python(args);
    try {
      await once(python.#child, 'spawn');
    } catch (error) {
      throw new UnavailableError(`python3 cannot be run (${(error as NodeJS.ErrnoException).code}).`);
    }
    return python;
  }

  ask(request: unknown): Promise<string> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.readLine();
  }

  async readLine(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The Python process ended.');
    return value;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await exited;
  }
}

export default {
  async serve() {
    const python = await Python.start('serve');
    return { address: await python.readLine(), stop: () => python.stop() };
  },

  async connect(_context, address) {
    const python = await Python.start('drive', address!);
    return {
      async drive(caseName, cell) {
        // Its callers are processes in every case.
        const name = caseName === 'call-processes' ? 'call' : caseName;
        if (!CASES.includes(name)) return undefined;
        return JSON.parse(await python.ask({ case: name, ...cell })) as Sample;
      },
      close: () => python.stop(),
    };
  },
} satisfies System;
