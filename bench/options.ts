import { parseArgs } from 'node:util';

export interface Options {
  /** Names of the cases to measure. */
  cases: string[];
  /** Names of the systems to measure. */
  systems: string[];
  /** Only these numbers of callers; empty: all that a case has. */
  callers: number[];
  /** Measured time of a cell. */
  seconds: number;
  rounds: number;
  /** The system that others are compared with. */
  base: string;
  /** A file for the results. */
  json: string | undefined;
}

export const USAGE = `Usage: npm run bench -- [options]
  --only CASE,...      only these cases
  --systems NAME,...   only these systems
  --callers N,...      only these numbers of callers
  --seconds N          measured time of a cell (default 3)
  --rounds N           how often each cell is measured; the best counts (default 3)
  --base NAME          the system that others are compared with (default ours-redis)
  --json FILE          write the results as rows`;

export function parseOptions(args: string[], known: { cases: string[]; systems: string[] }): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      systems: { type: 'string' },
      callers: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      base: { type: 'string', default: 'ours-redis' },
      json: { type: 'string' },
    },
  });
  return {
    cases: chosen('case', values.only, known.cases),
    systems: chosen('system', values.systems, known.systems),
    callers: list(values.callers).map((text) => positive('callers', text, Number.isInteger)),
    seconds: positive('seconds', values.seconds, Number.isFinite),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    base: chosen('system', values.base, known.systems)[0] ?? values.base,
    json: values.json,
  };
}

const list = (text: string | undefined): string[] => text?.split(',').filter(Boolean) ?? [];

function chosen(kind: string, text: string | undefined, known: string[]): string[] {
  if (text === undefined) return known;
  const names = list(text);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`There is no ${kind} "${unknown}". There are: ${known.join(', ')}.`);
  return names;
}

function positive(name: string, text: string, isValid: (value: number) => boolean): number {
  const value = Number(text);
  if (!isValid(value) || value <= 0) throw new TypeError(`--${name} expects a number above 0, got "${text}".`);
  return value;
}
