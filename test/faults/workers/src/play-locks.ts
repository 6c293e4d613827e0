import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, RLock, SharedProxy } from 'nestjs-manager';
import { again, insist, timeoutOf, type Game } from './game.js';
import { failureOf } from './recorder.js';

/** Holds a lock again and again, and writes to the vault under its fence. */
export async function lock(game: Game, server: string, kind: 'lock' | 'rlock'): Promise<void> {
  const { manager, recorder, vault, random, calls } = game;
  const name = `${kind} ${server}`;
  const creators = manager.at(server).named(name);
  const guard = await insist<SharedProxy<Lock> | SharedProxy<RLock>>(game, async () =>
    kind === 'lock' ? creators.lock() : creators.rlock(),
  );
  if (!guard) return;
  await again(game, 60, async () => {
    const hold = calls.name();
    const careless = random.below(3) === 0;
    recorder.record({ kind: 'wanted', hold, lock: name, careless });
    const writes = 1 + random.below(4);
    try {
      await manager.with(guard, { timeout: timeoutOf(game) }).runExclusive(async ({ fence, signal }) => {
        recorder.record({ kind: 'held', hold, fence: fence.toString() });
        for (let i = 0; i < writes; i++) {
          if (!careless) {
            // Any call of ours, so that it is known here whether the lease is over. Who has it must be told so.
            await guard.fence();
            if (signal.aborted) return;
            recorder.record({ kind: 'acts', hold });
          }
          await vault.write(name, hold, fence);
          // Whoever does not look is more likely to be caught out when it takes longer.
          await sleep(random.below(careless ? 250 : 25));
        }
      });
      recorder.record({ kind: 'let-go', hold });
    } catch (error) {
      recorder.record({ kind: 'let-go', hold, error: failureOf(error) });
    }
  });
  await manager.release(guard);
}
