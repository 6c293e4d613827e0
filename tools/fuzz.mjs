// npm run test:fuzz -- --seed 7 --minutes 30
// Hostile frames against servers and applications, in memory and over Redis: see test/fuzz. The same seed makes the same
// frames, as far as what they are made of is the same. Without one it takes one, and says it.
import { parseArgs } from 'node:util';
import { ensureRedis } from './redis.mjs';
import { run } from './run.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    // `memory` or `redis`.
    only: { type: 'string', default: '' },
  },
});
const { minutes, seed, only } = values;
for (const [name, value] of Object.entries({ minutes, seed })) {
  if (value === undefined || (Number(value) >= 0 && value.trim() !== '')) continue;
  console.error(`--${name} takes a number, got ${value}`);
  process.exit(2);
}

const env = {
  REDIS_SERVER_BIN: ensureRedis(),
  NODE_OPTIONS: [
    process.env.NODE_OPTIONS,
    '--experimental-vm-modules',
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
  ]
    .filter(Boolean)
    .join(' '),
  // Both parts take their share of it.
  FUZZ_MINUTES: String(only === '' ? Number(minutes) / 2 : minutes),
  ...(seed !== undefined && { FUZZ_SEED: seed }),
};
const files = ['--testPathPatterns', `test/fuzz/${only}`];
const { status } = await run('node_modules/.bin/jest', ['--selectProjects', 'fuzz', '--runInBand', ...files], {
  env,
  show: true,
  limit: (Number(minutes) * 2 + 10) * 60_000,
});
process.exit(status);
