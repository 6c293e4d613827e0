import { fileURLToPath } from 'node:url';
import { packageFile } from '../../definition/package-file.js';

/** What the worker threads of a pool run: a file of the built package, since they know nothing of how this one was loaded. */
export const THREAD_FILE = fileURLToPath(packageFile('types/pool/thread.js'));
