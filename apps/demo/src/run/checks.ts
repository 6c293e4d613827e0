import { paint, table } from './terminal.js';

interface Check {
  what: string;
  held: boolean;
  measured: string;
}

/** What the demo claims, and whether it held. */
export class Checks {
  readonly #checks: Check[] = [];

  add(what: string, held: boolean, measured: string): void {
    this.#checks.push({ what, held, measured });
  }

  get held(): boolean {
    return this.#checks.length > 0 && this.#checks.every(({ held }) => held);
  }

  print(): void {
    const [head = '', ...lines] = table([
      ['', 'claim', 'measured'],
      ...this.#checks.map(({ what, held, measured }) => [held ? 'held' : 'FAILED', what, measured]),
    ]);
    console.log(`\n${head}`);
    for (const [index, line] of lines.entries()) {
      console.log(this.#checks[index]?.held ? line.replace('held', paint('green', 'held')) : paint('red', line));
    }
    const failed = this.#checks.filter(({ held }) => !held).length;
    console.log(
      failed === 0
        ? `\n${paint(['bold', 'green'], `All ${this.#checks.length} held.`)}`
        : `\n${paint(['bold', 'red'], `${failed} of ${this.#checks.length} failed.`)}`,
    );
  }
}
