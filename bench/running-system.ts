import type { Cell, Sample } from './sample.js';
import { BenchProcess } from './process.js';
import type { BenchContext } from './system.js';

const START_SECONDS = 30;

/** The two processes of one system. */
export class RunningSystem {
  private constructor(
    readonly name: string,
    private readonly server: BenchProcess,
    private readonly client: BenchProcess,
  ) {}

  static async start(name: string, context: BenchContext): Promise<RunningSystem> {
    const running = new RunningSystem(name, new BenchProcess(`${name}'s server`), new BenchProcess(`${name}'s client`));
    try {
      const serve = { ask: 'serve', system: name, context } as const;
      const { address } = await running.server.ask(serve, 'serving', START_SECONDS);
      await running.client.ask({ ...serve, ask: 'connect', address }, 'connected', START_SECONDS);
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  async measure(caseName: string, cell: Cell): Promise<Sample | undefined> {
    // Generous: a phase that gives many objects back may last much longer than the one that made them.
    const limit = 60 + 10 * (cell.warmup + cell.seconds);
    return (await this.client.ask({ ask: 'measure', caseName, cell }, 'measured', limit)).sample;
  }

  async stop(): Promise<void> {
    await this.client.stop();
    await this.server.stop();
  }
}
