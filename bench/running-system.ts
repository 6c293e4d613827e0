import type { Case } from './case.js';
import type { Cell, Sample } from './sample.js';
import { BenchProcess } from './process.js';
import type { BenchContext, Offer } from './system.js';

const START_SECONDS = 60;
/** On top of what processes that measure together do before. */
const READY_SECONDS = 1;

/** The two processes of one system; more for as long as a case has more clients. */
export class RunningSystem {
  #address: string | undefined;
  #offers: Offer[] = [];

  private constructor(
    readonly name: string,
    private readonly context: BenchContext,
    private readonly server: BenchProcess,
    private readonly client: BenchProcess,
  ) {}

  static async start(name: string, context: BenchContext): Promise<RunningSystem> {
    const server = new BenchProcess(`${name}'s server`);
    const running = new RunningSystem(name, context, server, new BenchProcess(`${name}'s client`));
    try {
      const { address } = await server.ask({ ask: 'serve', system: name, context }, 'serving', START_SECONDS);
      running.#address = address;
      running.#offers = await running.#connect(running.client);
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  async measure(caseName: string, cell: Cell, processes: Case['processes']): Promise<Sample | undefined> {
    if (!processes || this.#offers.includes('drive')) return this.#measureBy(this.client, caseName, cell);
    if (!this.#offers.includes(processes.needs)) return undefined;
    const count = processes.count ?? cell.callers;
    const clients = Array.from({ length: count }, (_, i) => new BenchProcess(`${this.name}'s client ${i + 1}`));
    try {
      await Promise.all(clients.map((client) => this.#connect(client)));
      const alone = {
        ...cell,
        callers: cell.callers / count,
        begin: Date.now() + ((processes.warmups ?? 2) * cell.warmup + READY_SECONDS) * 1000,
      };
      return together(await Promise.all(clients.map((client) => this.#measureBy(client, caseName, alone))));
    } finally {
      await Promise.all(clients.map((client) => client.stop()));
    }
  }

  async stop(): Promise<void> {
    await this.client.stop();
    await this.server.stop();
  }

  async #connect(client: BenchProcess): Promise<Offer[]> {
    const { name: system, context } = this;
    const connect = { ask: 'connect', system, context, address: this.#address } as const;
    return (await client.ask(connect, 'connected', START_SECONDS)).offers;
  }

  async #measureBy(client: BenchProcess, caseName: string, cell: Cell): Promise<Sample | undefined> {
    // Generous: a phase that gives many objects back may last much longer than the one that made them.
    const limit = 60 + 10 * (cell.warmup + cell.seconds);
    return (await client.ask({ ask: 'measure', caseName, cell }, 'measured', limit)).sample;
  }
}

/**
 * The percentiles are those of the process that waited longest: where few have all of it, those few make most of the
 * measurements, and what is left to the others would not be seen.
 */
function together(samples: (Sample | undefined)[]): Sample {
  const all = samples.filter((sample) => sample !== undefined);
  return {
    perSecond: all.reduce((sum, { perSecond }) => sum + perSecond, 0),
    p50Us: Math.max(...all.map(({ p50Us }) => p50Us)),
    p99Us: Math.max(...all.map(({ p99Us }) => p99Us)),
  };
}
