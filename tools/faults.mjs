// npm run test:faults                                every scenario, and faults at random for some seconds
// npm run test:faults -- --only zombie               the scenarios with this in the name of their file
// npm run test:faults -- --seed 7 --minutes 30       faults at random for so long; `--only` chooses among the faults,
//                                                    `--medium socket` or `redis` is played in place of what the seed says
// The same seed causes the same faults, at the same times. Without one it takes one, and says it. See test/faults.
import { parseArgs } from 'node:util';
import { ensureRedis } from './redis.mjs';
import { run } from './run.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    medium: { type: 'string' },
  },
});
const { minutes, seed, only, medium } = values;
for (const [name, value] of Object.entries({ minutes, seed })) {
  if (value === undefined || (Number(value) >= 0 && value.trim() !== '')) continue;
  console.error(`--${name} takes a number, got ${value}`);
  process.exit(2);
}
if (medium !== undefined && !['redis', 'socket'].includes(medium)) {
  console.error(`--medium takes redis or socket, got ${medium}`);
  process.exit(2);
}
const random = [minutes, seed, medium].some((value) => value !== undefined);

const env = {
  REDIS_SERVER_BIN: ensureRedis(),
  NODE_OPTIONS: [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
    .filter(Boolean)
    .join(' '),
  ...(minutes !== undefined && { FAULTS_MINUTES: minutes }),
  ...(seed !== undefined && { FAULTS_SEED: seed }),
  ...(random && only !== undefined && { FAULTS_ONLY: only }),
  ...(medium !== undefined && { FAULTS_MEDIUM: medium }),
};
const files = random ? 'faults/random' : (only ?? '');
const chosen = files ? ['--testPathPatterns', files] : [];
const { status } = await run('node_modules/.bin/jest', ['--selectProjects', 'faults', '--runInBand', ...chosen], {
  env,
  show: true,
  limit: (Number(minutes ?? 0) + 10) * 60_000,
});
process.exit(status);
