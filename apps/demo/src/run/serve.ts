import { describeEnd } from './child.js';
import type { Cluster, ClusterOptions, Web } from './cluster.js';
import { detail, paint, progress } from './terminal.js';

/** A limit that a person can reach by clicking. */
export const SERVE_OPTIONS: Omit<ClusterOptions, 'medium'> = {
  instances: 3,
  lease: 5000,
  limit: 10,
  window: 15_000,
  capacity: 12,
};

/** Keeps everything up until somebody ends it. False where the server ended by itself. */
export async function serve({ server }: Cluster, webs: readonly Web[], signal: AbortSignal): Promise<boolean> {
  progress('Up. Open these side by side:');
  detail(...webs.map(({ name, url, child }) => `${paint('bold', url)}  ${name}, process ${child.pid}`));
  progress(
    `Kill an instance (kill -9 ${webs[1]?.child.pid}) and watch who holds what. Ctrl-C ends everything in order.`,
  );
  for (const { name, child } of webs) {
    void child.ended.then((ended) => signal.aborted || progress(`${name} ended: ${describeEnd(ended)}`));
  }
  const asked = new Promise<boolean>((resolve) =>
    signal.addEventListener('abort', () => resolve(true), { once: true }),
  );
  const failed = server?.ended.then((ended) => {
    if (signal.aborted) return true;
    progress(`The server ended: ${describeEnd(ended)}`);
    detail(...server.output);
    return false;
  });
  return signal.aborted || Promise.race(failed ? [asked, failed] : [asked]);
}
