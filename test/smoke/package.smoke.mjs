// Packs the library as it would be published and uses the tarball in new Nest applications outside the workspace.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureRedis, startRedis } from '../../tools/redis.mjs';
import { run } from '../../tools/run.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'manager-smoke-'));

const bin = ensureRedis();
let failed = false;
try {
  const tarball = await pack();
  const apps = await Promise.all([install('nest12', tarball), install('nest11', tarball)]);
  await step('Nest 12, import', apps[0], 'node', ['import.mjs']);
  await step('Nest 12, require', apps[0], 'node', ['require.cjs']);
  await step('Nest 11, compile', apps[1], 'node_modules/.bin/tsc', []);
  await step('Nest 11, run', apps[1], 'node', ['dist/main.js']);
  cpSync(join(root, 'test/faults/workers/dist/leaving.js'), join(apps[1], 'leaving.mjs'));
  await step('Nest 11, hooks', apps[1], 'node', ['hooks.mjs']);
  await step('Nest 11, Jest', apps[1], 'node_modules/.bin/jest', ['--ci']);
} catch (error) {
  console.error(error.message);
  failed = true;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function pack() {
  const args = ['pack', '--json', '--silent', '--workspace', 'libs/manager', '--pack-destination', scratch];
  const output = await command('npm pack', root, 'npm', args);
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('[\n')));
  const paths = files.map(({ path }) => path);
  const strange = paths.filter(
    (path) => !/^(?:package\.json|README\.md|LICENSE|dist\/.+\.(?:js|js\.map|d\.ts))$/.test(path),
  );
  const tests = paths.filter((path) => /\.(?:spec|suite|type-test)\./.test(path));
  const absent = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'dist/testing/index.js'].filter(
    (path) => !paths.includes(path),
  );
  const wrong = [...strange, ...tests].map((path) => `${path} does not belong into the package`);
  wrong.push(...absent.map((path) => `${path} is missing from the package`));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return join(scratch, filename);
}

async function install(name, tarball) {
  const dir = join(scratch, name);
  mkdirSync(dir);
  cpSync(join(here, name), dir, { recursive: true });
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  await command(`${name}: npm install`, dir, 'npm', ['install', ...flags, tarball]);
  return dir;
}

/** Each step has a Redis to itself and must end of its own accord. */
async function step(title, cwd, program, args) {
  const redis = await startRedis(bin);
  try {
    await command(title, cwd, program, args, { REDIS_URL: redis.url }, 60_000);
    console.log(`ok ${title}`);
  } finally {
    await redis.stop();
  }
}

async function command(title, cwd, program, args, env = {}, limit = 180_000) {
  const { status, timedOut, output } = await run(program, args, { cwd, env, limit });
  if (timedOut) throw new Error(`${title} did not end within ${limit / 1000} s:\n${output}`);
  if (status !== 0) throw new Error(`${title} failed:\n${output}`);
  return output;
}
