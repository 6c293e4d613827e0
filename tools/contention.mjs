// npm run test:contention -- --items 1000000 --seed 7
// Contention over the built-in types, and aborted waits, for longer than `npm test` has time for: see
// test/types/contention.spec.ts and test/types/aborted-waits.spec.ts. Says how long each took.
import { parseArgs } from 'node:util';
import { ensureRedis } from './redis.mjs';
import { run } from './run.mjs';

/** So that it can be shared evenly among those who do it. */
const MULTIPLE = { increments: 8, items: 3, rounds: 1, buffered: 3, aborts: 1 };
const { values } = parseArgs({
  options: {
    // Increments under a lock.
    increments: { type: 'string', default: '10000' },
    // Items through a bounded queue.
    items: { type: 'string', default: '100000' },
    // Rounds of a barrier.
    rounds: { type: 'string', default: '200' },
    // Items through a buffer made of conditions.
    buffered: { type: 'string', default: '50000' },
    // Aborted `get` and `acquire`, of each.
    aborts: { type: 'string', default: '10000' },
    // Of the moments at which they are aborted.
    seed: { type: 'string' },
  },
});

const env = {
  REDIS_SERVER_BIN: ensureRedis(),
  NODE_OPTIONS: [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
    .filter(Boolean)
    .join(' '),
  CONTENTION_TOLD: '1',
  ...(values.seed && { CONTENTION_SEED: values.seed }),
};
for (const [name, multiple] of Object.entries(MULTIPLE)) {
  const count = Number(values[name]);
  if (!(Number.isInteger(count) && count > 0)) {
    console.error(`--${name} takes a number, got ${values[name]}`);
    process.exit(2);
  }
  env[`CONTENTION_${name.toUpperCase()}`] = String(Math.ceil(count / multiple) * multiple);
}

const specs = 'test/types/(contention|aborted-waits)\\.spec';
const { status } = await run('node_modules/.bin/jest', ['--selectProjects', 'e2e', '--testPathPatterns', specs, '-i'], {
  env,
  show: true,
  limit: 3_600_000,
});
process.exit(status);
