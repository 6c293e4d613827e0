import { join } from 'node:path';

/** The module of the tasks. */
export const TASKS = join(import.meta.dirname, 'pool-tasks.js');
/** Threads of each pool. */
export const THREADS = 2;
