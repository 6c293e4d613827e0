// For locks: a key in Redis for each, with a time to live, that others poll. Redis itself is the server.
import { Redis } from 'ioredis';
import { Mutex } from 'redis-semaphore';
import type { System } from '../system.js';

/** Ms between two looks at a lock that another has: its default. All else is left at the defaults as well. */
const RETRY_INTERVAL = 10;

export default {
  async serve() {
    return { stop: async () => {} };
  },

  async connect({ redisUrl, namespace }) {
    const redis = new Redis(redisUrl);
    return {
      async lock(name) {
        return new Mutex(redis, `${namespace}:${name}`, { retryInterval: RETRY_INTERVAL });
      },
      async close() {
        await redis.quit();
      },
    };
  },
} satisfies System;
