// npm run test:soak -- --minutes 5 --seed 7 --only circle,put --servers first
// References in churn for longer than `npm test` has time for: see test/soak.spec.ts. Without a seed it takes one, and says it.
import { parseArgs } from 'node:util';
import { ensureRedis } from './redis.mjs';
import { run } from './run.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    // To find what leaks: only these actions of test/workers/churner.ts, and what gives back.
    only: { type: 'string' },
    servers: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes takes a number, got ${values.minutes}`);
  process.exit(2);
}

const env = {
  REDIS_SERVER_BIN: ensureRedis(),
  NODE_OPTIONS: [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
    .filter(Boolean)
    .join(' '),
  SOAK_MINUTES: String(minutes),
  ...(values.seed && { SOAK_SEED: values.seed }),
  ...(values.only && { SOAK_ONLY: values.only }),
  ...(values.servers && { SOAK_SERVERS: values.servers }),
};
const { status } = await run('node_modules/.bin/jest', ['--selectProjects', 'soak'], {
  env,
  show: true,
  limit: (minutes + 5) * 60_000,
});
process.exit(status);
