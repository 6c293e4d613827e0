// For pools: what runs the threads of the library's pools, in the client process itself. Nothing travels but to a thread.
import { Piscina } from 'piscina';
import { TASKS, THREADS } from '../pools.js';
import type { System } from '../system.js';

export default {
  async serve() {
    return { stop: async () => {} };
  },

  async connect() {
    const piscina = new Piscina({ filename: TASKS, name: 'square', minThreads: THREADS, maxThreads: THREADS });
    const run = (number: number): Promise<unknown> => piscina.run(number);
    return {
      pool: async () => ({ run, map: (numbers) => Promise.all(numbers.map(run)) }),
      close: () => piscina.destroy(),
    };
  },
} satisfies System;
