// For pools: the library with its server in the client process, so that what a medium costs can be told from the rest.
import { createTestManager } from 'nestjs-manager/testing';
import { TASKS, THREADS } from '../pools.js';
import type { System } from '../system.js';

export default {
  async serve() {
    return { stop: async () => {} };
  },

  async connect() {
    const test = await createTestManager();
    return {
      async pool() {
        const pool = await test.manager.named('pool').pool(THREADS, { tasks: TASKS });
        return { run: (number) => pool.apply('square', [number]), map: (numbers) => pool.map('square', numbers) };
      },
      close: () => test.close(),
    };
  },
} satisfies System;
