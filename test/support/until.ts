import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer satisfies; resolves with the answer and the ms that it took, rejects with the last one. */
export async function until<T>(
  ask: () => T | Promise<T>,
  satisfies: (answer: T) => boolean,
  options: { within: number; every?: number; what?: string },
): Promise<{ answer: T; after: number }> {
  const since = performance.now();
  for (;;) {
    const answer = await ask();
    const after = performance.now() - since;
    if (satisfies(answer)) return { answer, after };
    if (after > options.within) {
      throw new Error(
        `${options.what ?? 'It'} did not come within ${options.within} ms; last: ${JSON.stringify(answer)}`,
      );
    }
    await sleep(options.every ?? 25);
  }
}
