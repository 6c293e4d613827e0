import { writeFileSync } from 'node:fs';
import { type Options, parseOptions, USAGE } from './options.js';
import { rerunWithRedis } from './redis.js';
import { caseNames, loadCase, systemNames } from './registry.js';
import { runRounds } from './rounds.js';
import { renderTable } from './table.js';

async function run(options: Options, redisUrl: string): Promise<void> {
  const cases = new Map(await Promise.all(options.cases.map(async (name) => [name, await loadCase(name)] as const)));
  const results = await runRounds(cases, options, redisUrl, (line) => console.error(line));
  const best = results.best();
  console.log(renderTable(best, options.base));
  for (const note of results.notes) console.log(note);
  const rows = best.map(({ row }) => row);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
}

function readOptions(): Options | undefined {
  try {
    return parseOptions(process.argv.slice(2), { cases: caseNames(), systems: systemNames() });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return undefined;
  }
}

const options = readOptions();
const { REDIS_URL } = process.env;
if (!options) process.exitCode = 2;
else if (!REDIS_URL) process.exitCode = await rerunWithRedis();
else await run(options, REDIS_URL);
