import { setTimeout as sleep } from 'node:timers/promises';

/** The memory of this process, which was started with --expose-gc. */
export const Heap = {
  async collect(): Promise<void> {
    if (!globalThis.gc) throw new Error('Start this worker with --expose-gc');
    // Finalizers run in a later turn, and some memory goes only at a second time.
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await sleep(20);
    }
  },

  /** Bytes in use after collection: the median of several, because each finds what the one before could not yet. */
  async used(): Promise<number> {
    const readings: number[] = [];
    for (let i = 0; i < 5; i++) {
      await Heap.collect();
      readings.push(process.memoryUsage().heapUsed);
    }
    return readings.toSorted((a, b) => a - b)[2] as number;
  },
};
