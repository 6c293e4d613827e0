import type { Case } from './case.js';
import type { Options } from './options.js';
import { Results } from './results.js';
import { RunningSystem } from './running-system.js';
import type { BenchContext } from './system.js';
import { UnavailableError } from './system.js';

/**
 * Measures every cell of every system once a round. Within a round the systems take turns at each cell, so that a machine that
 * gets slower or noisier hits them alike; only one is busy at a time. Each round has fresh processes and another order.
 */
export async function runRounds(
  cases: ReadonlyMap<string, Case>,
  options: Options,
  redisUrl: string,
  log: (line: string) => void,
): Promise<Results> {
  const results = new Results();
  const unavailable = new Set<string>();
  const { rounds, seconds } = options;
  const warmup = Math.min(1, seconds / 2);

  for (let round = 0; round < rounds; round++) {
    const running: RunningSystem[] = [];
    try {
      for (const name of rotated(options.systems, round)) {
        if (unavailable.has(name)) continue;
        const context: BenchContext = { redisUrl, namespace: `bench-${process.pid}-${round}-${name}` };
        try {
          running.push(await RunningSystem.start(name, context));
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
          unavailable.add(name);
          results.notes.push(`${name} is left out: ${error.message}`);
          log(results.notes.at(-1)!);
        }
      }
      for (const [caseName, { callers, unit, processes }] of cases) {
        for (const count of callers) {
          if (options.callers.length > 0 && !options.callers.includes(count)) continue;
          for (const system of running) {
            const sample = await system.measure(caseName, { callers: count, warmup, seconds }, processes);
            if (!sample) continue;
            results.add({ case: caseName, callers: count, system: system.name }, sample);
            const { perSecond, p50Us, p99Us } = sample;
            const latency = `p50 ${Math.round(p50Us)} µs, p99 ${Math.round(p99Us)} µs`;
            log(
              `${round + 1}/${rounds} ${caseName} ${count} ${system.name}: ${Math.round(perSecond)} ${unit}, ${latency}`,
            );
          }
        }
      }
    } finally {
      for (const system of running) await system.stop();
    }
  }
  return results;
}

const rotated = <T>(items: T[], by: number): T[] => items.map((_, index) => items[(index + by) % items.length]!);
