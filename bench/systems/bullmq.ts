// For queues: what a Nest application would use for jobs. Redis itself is the server.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Handovers } from '../handovers.js';
import type { BenchContext, System } from '../system.js';

const QUEUE = 'bench';

/** Finished jobs are removed at once: kept, as by default, they would fill Redis. */
const jobOptions = { removeOnComplete: true, removeOnFail: true };

function connect({ redisUrl, namespace }: BenchContext) {
  // A worker insists on it, since it waits for jobs by a blocking command.
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  return { connection, prefix: namespace };
}

export default {
  async serve() {
    return { stop: async () => {} };
  },

  async connect(context) {
    const options = connect(context);
    const queue = new Queue<number>(QUEUE, { ...options, defaultJobOptions: jobOptions });
    const taken = new Handovers<number>();
    const worker = new Worker<number>(QUEUE, async (job) => taken.give(job.data), options);
    worker.on('error', (error) => console.error('bullmq:', error));
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    return {
      async queue(callers) {
        worker.concurrency = callers;
        return { put: (item) => queue.add('item', item), get: () => taken.take() };
      },
      async close() {
        await worker.close();
        await queue.obliterate({ force: true });
        await queue.close();
        await options.connection.quit();
      },
    };
  },
} satisfies System;
