import type { SharedProxy } from 'nestjs-manager';
import { again, insist, timeoutOf, type Game } from './game.js';
import { Tally } from './types.js';

/** Calls under way of one loop: enough for several in a frame. */
const MOST = 24;

/** Counts at an object that all know, several calls at a time. */
export async function count(game: Game, server: string): Promise<void> {
  const { manager } = game;
  const tally = manager.at(server).named(`tally ${server}`).lazy(Tally);
  await tallied(game, () => Promise.resolve(tally));
  await manager.release(tally);
}

/** The same at an object of its own, made anew where it is lost. */
export async function countAlone(game: Game, server: string): Promise<void> {
  const { manager } = game;
  let tally: SharedProxy<Tally> | undefined;
  await tallied(game, async (failed) => {
    if (failed && tally) {
      void manager.release(tally);
      tally = undefined;
    }
    return (tally ??= await insist(game, () => manager.at(server).create(Tally)));
  });
  if (tally) await manager.release(tally);
}

async function tallied(
  game: Game,
  current: (failed: boolean) => Promise<SharedProxy<Tally> | undefined>,
): Promise<void> {
  const { manager, calls, random } = game;
  let under = 0;
  let failed = false;
  await again(game, 40, async () => {
    const tally = await current(failed);
    failed = false;
    if (!tally) return;
    for (let more = random.below(5); more >= 0 && under < MOST; more--) {
      const timeout = timeoutOf(game);
      const counting = manager.with(tally, { timeout });
      const late = random.below(8) === 0 ? 20 + random.below(400) : undefined;
      under++;
      const make = async (): Promise<void> => {
        const made = await calls.make('count', timeout, (call) =>
          late === undefined ? counting.count(call) : counting.later(call, late),
        );
        under--;
        failed ||= made === undefined;
      };
      void make();
    }
  });
}
