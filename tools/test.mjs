// npm test: every check of the project, in order; the last line says how many passed and failed.
// npm test -- --only unit,e2e     some of the steps
// npm test -- --list              their names
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureRedis } from './redis.mjs';
import { run } from './run.mjs';

const MINUTE = 60_000;
const bin = (name) => join('node_modules', '.bin', name);
const scratch = mkdtempSync(join(tmpdir(), 'manager-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** The specs of the client that are played over sockets, too: whatever lives by what arrives, and in which order. */
const OVER_SOCKETS = `manager/src/client/(${[
  'references(.property)?',
  'calls',
  'call-ends',
  'close',
  'collected-instances',
  'credit',
  'expiry',
  'find',
  'handles',
  'iterators',
  'later-arguments',
  'lease-(end|lost)',
  'named',
  'one-session',
  'order',
  'pressure',
  'tickets',
  'timeouts',
  'traveling',
].join('|')})\\.spec`;

const steps = [
  check('build', 'build', 'npm', ['run', '--silent', 'build'], { limit: 3 * MINUTE, beside: null }),
  check('format', 'formatted as prettier does', bin('prettier'), ['--check', '--log-level', 'warn', '.']),
  // Rules that know types read the built package, so this comes after the build.
  check('lint', 'lint rules hold', bin('oxlint'), ['--deny-warnings', '--quiet']),
  check('lint-reasons', 'silenced rules give their reason', 'node', ['tools/check-disables.mjs']),
  check('imports', 'imports go up the list only, no cycles', bin('depcruise'), [
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err',
    'libs/manager/src',
    ...['apps', 'test', 'bench'].filter(existsSync),
  ]),
  typeCheck('types-spec', 'types of the unit tests', 'libs/manager/tsconfig.spec.json'),
  typeCheck('types-e2e', 'types of the tests across processes', 'test/tsconfig.json'),
  typeCheck('types', 'type tests', 'libs/manager/tsconfig.types.json'),
  typeCheck('types-bench', 'types of the benchmarks', 'bench/tsconfig.json'),
  check('doors', 'the doors export by name, and every name is documented', 'node', ['tools/check-doors.mjs']),
  check('docs-links', 'links of the docs resolve', 'node', ['tools/check-docs.mjs', 'links']),
  check('docs-code', 'checked code of the docs compiles', 'node', ['tools/check-docs.mjs', 'code']),
  check('docs-errors', 'docs and error registry agree', 'node', ['tools/check-docs.mjs', 'errors']),
  check('docs-names', 'docs list every export and option', 'node', ['tools/check-docs.mjs', 'names']),
  check('docs-tests', 'every promise has the tests it names', 'node', ['tools/check-docs.mjs', 'tests']),
  // Worker threads load the built package.
  jest('unit', 'unit tests', ['--maxWorkers=2'], { limit: 8 * MINUTE, needsBuild: true }),
  // In memory nothing is ever on its way; over sockets what is sent arrives later, and on two connections.
  jest('sockets', 'references and calls over sockets', ['--maxWorkers=2', '--testPathPatterns', OVER_SOCKETS], {
    project: 'unit',
    limit: 4 * MINUTE,
    env: { MANAGER_MEDIUM: 'socket', REFERENCES_RUNS: '5' },
  }),
  // They wait more than they work: two files at a time, also on two processors.
  jest('e2e', 'tests across processes', ['--maxWorkers=2'], { limit: 12 * MINUTE, needsBuild: true }),
  jest('faults', 'faults that production brings, each and at random', ['--maxWorkers=2'], {
    limit: 9 * MINUTE,
    needsBuild: true,
    // Two servers over Redis, one over a socket, and an authkey; `npm run test:faults` takes other seeds.
    env: { FAULTS_SEED: '6', FAULTS_SHORT: '1' },
  }),
  // The same frames each time; `npm run test:fuzz` makes others.
  jest('fuzz', 'hostile frames are suffered', ['--maxWorkers=2'], {
    limit: 3 * MINUTE,
    needsBuild: true,
    env: { FUZZ_SEED: '1' },
  }),
  jest('soak', 'a minute of churn leaves nothing behind', [], { limit: 5 * MINUTE, needsBuild: true }),
  check('smoke', 'the packed package in fresh Nest applications', 'node', ['test/smoke/package.smoke.mjs'], {
    limit: 6 * MINUTE,
    needsBuild: true,
    beside: null,
  }),
].filter(Boolean);

const { values: options } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
if (options.list) {
  for (const { name, title } of steps) console.log(`${name.padEnd(13)} ${title}`);
  process.exit(0);
}

const chosen = choose(options.only);
const total = { passed: 0, failed: 0 };
const failures = [];
let built = true;
const redis = findRedis();

for (const group of groups(chosen)) await together(group);

if (failures.length > 0)
  console.log(`\nFailed: ${failures.join(', ')}. One of them alone: npm test -- --only ${failures[0]}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

/** Steps in a row that may run side by side. All others have the machine for themselves. */
function groups(all) {
  const found = [];
  for (const step of all) {
    if (step.beside && found.at(-1)?.[0].beside === step.beside) found.at(-1).push(step);
    else found.push([step]);
  }
  return found;
}

/** Two at a time, as there are processors. */
async function together(group) {
  const waiting = [...group];
  const next = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) await count(step);
  };
  await Promise.all([next(), next()]);
}

async function count(step) {
  const started = performance.now();
  const { passed, failed } = await attempt(step);
  if (step.name === 'build') built = failed === 0;
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) failures.push(step.name);
  const time = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const counts = step.counted ? ` (${passed} passed, ${failed} failed)` : '';
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${step.name.padEnd(13)} ${time.padStart(7)}  ${step.title}${counts}`,
  );
}

/** One command that passes or fails as a whole; its output is shown where it fails. */
function check(name, title, command, args, { limit = MINUTE, needsBuild = false, beside = 'tree' } = {}) {
  return {
    name,
    title,
    beside,
    needsBuild,
    async run() {
      const { status, timedOut, output } = await run(command, args, { limit, env: redis });
      if (status === 0) return { passed: 1, failed: 0 };
      console.log(output.trimEnd());
      if (timedOut) console.log(`Stopped after ${limit / 1000} s.`);
      return { passed: 0, failed: 1 };
    },
  };
}

function typeCheck(name, title, project) {
  return existsSync(project) && check(name, title, bin('tsc'), ['--noEmit', '-p', project], { limit: 2 * MINUTE });
}

/** A project of jest.config.mjs, or some of it; each of its tests counts. */
function jest(name, title, args, { project = name, limit, needsBuild = false, beside = null, env = {} }) {
  return {
    name,
    title,
    beside,
    needsBuild,
    counted: true,
    async run() {
      const file = join(scratch, `${name}.json`);
      const { status, timedOut } = await run(
        bin('jest'),
        ['--selectProjects', project, '--reporters=default', '--json', '--outputFile', file, ...args],
        { limit, show: true, env: { ...redis, ...env, NODE_OPTIONS: nodeOptions() } },
      );
      if (timedOut) console.log(`Stopped after ${limit / 1000} s.`);
      const { passed, failed } = existsSync(file) ? countsOf(file) : { passed: 0, failed: 0 };
      if (passed + failed === 0) console.log(`No test of the project ${project} ran.`);
      const whole = status !== 0 && failed === 0 ? 1 : 0;
      return { passed, failed: Math.max(failed + whole, passed === 0 ? 1 : 0) };
    },
  };
}

function countsOf(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that could not even be loaded has no tests to count.
  return { passed: report.numPassedTests, failed: report.numFailedTests + report.numRuntimeErrorTestSuites };
}

function nodeOptions() {
  return [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--expose-gc', '--disable-warning=ExperimentalWarning']
    .filter(Boolean)
    .join(' ');
}

async function attempt(step) {
  if (step.needsBuild && !built) {
    console.log(`${step.name} needs the build.`);
    return { passed: 0, failed: 1 };
  }
  return step.run();
}

/** Tests start servers of their own, so they are given the binary and no address. */
function findRedis() {
  if (!chosen.some(({ name }) => ['unit', 'e2e', 'faults', 'fuzz', 'soak', 'smoke'].includes(name))) return {};
  try {
    return { REDIS_SERVER_BIN: ensureRedis({ log: console.log }) };
  } catch (error) {
    console.log(error.message);
    return {};
  }
}

function choose(only) {
  if (only === undefined) return steps;
  const names = only.split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length === 0) return steps.filter(({ name }) => names.includes(name));
  console.error(`No step is called ${unknown.join(', ')}. There are: ${steps.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
