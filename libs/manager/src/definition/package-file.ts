import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Where this file is. Not by `import.meta`: Jest may have made CommonJS of it. Nor by the text of a stack, in which source
 * maps name a file of before.
 */
function here(): string {
  const before = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    const [site] = new Error('here').stack as unknown as NodeJS.CallSite[];
    const name = site?.getFileName() ?? '';
    return name.startsWith('file:') ? fileURLToPath(name) : name;
  } finally {
    Error.prepareStackTrace = before;
  }
}

const root = resolve(here(), '..', '..');

/** A file of this package, by its path below the folder of `index.js`. In a bundle there is none. */
export function packageFile(path: string): URL {
  return pathToFileURL(join(root, path));
}
