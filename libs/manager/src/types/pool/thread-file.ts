import { fileURLToPath } from 'node:url';

/** What the worker threads of a pool run: a file of the built package, since they know nothing of how this one was loaded. */
export const THREAD_FILE = fileURLToPath(new URL('./thread.js', import.meta.url));
