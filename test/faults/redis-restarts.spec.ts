import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { WorkerError } from '../support/worker.js';
import { LEASE, Scene, type Actor } from './scene.js';

jest.setTimeout(90_000);

const CALLS = 300;

type Restart = [away: number, restart: (scene: Scene) => Promise<unknown>];

/** Redis is gone for so many ms, and then there again. */
const restarted =
  (keepData: boolean, away: number) =>
  async ({ redis }: Scene): Promise<void> => {
    await redis.kill();
    await sleep(away);
    await redis.restart({ keepData });
  };

/** Each connection that there is, of every process, is ended by Redis. */
async function killAll({ redis }: Scene): Promise<void> {
  const admin = new Redis(redis.url);
  const killed = Number(await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  admin.disconnect();
  // A server and two applications, three connections each.
  expect(killed).toBeGreaterThanOrEqual(9);
}

const restarts: Record<string, Restart> = {
  'restarts with its data': [LEASE / 2, restarted(true, LEASE / 2)],
  'restarts without its data': [0, restarted(false, 0)],
  'comes back without its data after more than a lease': [1.3 * LEASE, restarted(false, 1.3 * LEASE)],
  'kills every connection': [0, killAll],
};

/** With its timeout, or with an answer where Redis was back before that. */
const ENDS = expect.stringMatching(/^(CallTimeoutError|jam)$/);

/** What becomes of a call that has so many ms, and whether it took longer, by more than a busy machine may take. */
async function impatient(actor: Actor, key: number, ms: number): Promise<{ outcome: unknown; late: boolean }> {
  const since = performance.now();
  const called = actor.ask('callWithin', key, ms, 'look');
  const outcome = await called.catch((error: WorkerError) => error.class);
  return { outcome, late: performance.now() - since > ms + 2000 };
}

describe('a Redis that', () => {
  it.concurrent.each(Object.keys(restarts))(
    '%s keeps calls waiting: each is counted once, in the same session',
    async (how) => {
      await using scene = await Scene.open({ appendonly: true });
      const host = await scene.host();
      const actors = await scene.actors(2);
      for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
      const [away, restart] = restarts[how] as Restart;
      const [one, other] = actors as [Actor, Actor];
      const sessions = (): Promise<unknown[]> => Promise.all(actors.map((actor) => actor.ask('session', 0)));
      const counted = async (): Promise<number> => Number(await one.ask('call', 0, 'count', 'a look'));
      const jar = await other.ask('create', 'Jar');
      const [held, before] = [await sessions(), await counted()];
      const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 3, 20, 10_000));
      await sleep(300);
      const restarting = restart(scene);
      await sleep(away / 4);
      expect(await impatient(other, jar, Math.max(300, away / 4))).toEqual({ outcome: ENDS, late: false });
      await restarting;
      for (const report of await Promise.all(driving)) {
        expect(report).toEqual(expect.objectContaining({ acknowledged: CALLS, failed: {} }));
      }
      expect((await counted()) - before - 1).toBe(actors.length * CALLS);
      expect(await sessions()).toEqual(held);
      expect(await other.ask('call', jar, 'look')).toBe('jam');
      expect(host.logged(/gave no sign of life/)).toBe(false);
      // Each step was told: that it is away, and that it is there again.
      for (const actor of actors) {
        const steps = (await actor.ask('statuses')).join(' ');
        expect(steps).toMatch(/^(idle )?connecting connected( connecting connected)+$/);
      }
    },
  );
});
