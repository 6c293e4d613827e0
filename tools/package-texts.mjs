// The package carries the README and the license of the repository; they lie beside its package.json only while it is packed.
import { copyFileSync, existsSync, rmSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const target = new URL('libs/manager/', root);
for (const name of ['README.md', 'LICENSE']) {
  if (process.argv[2] === 'remove') rmSync(new URL(name, target), { force: true });
  else if (existsSync(new URL(name, root))) copyFileSync(new URL(name, root), new URL(name, target));
  else throw new Error(`${name} is missing: the package would be published without it.`);
}
