import { again, type Game } from './game.js';
import { Pantry } from './types.js';

const TIMEOUT = 6000;

/** Takes references and gives them back, in every order: a release crosses the grant that follows it. */
export async function refer(game: Game, server: string): Promise<void> {
  const { manager, calls, random } = game;
  const pantry = manager.at(server).named(`pantry ${server}`).lazy(Pantry);
  const take = (dice: number) =>
    calls.make('take', TIMEOUT, async () => {
      if (dice < 7) return pantry.take(dice % 3);
      return dice < 9 ? pantry.make() : pantry.stored();
    });
  const once = async (): Promise<void> => {
    const dice = random.below(10);
    let taking = take(dice);
    for (let more = random.below(4); more >= 0; more--) {
      const taken = await taking;
      const jar = taken?.value;
      if (!taken || !jar) return;
      await calls.make('look', TIMEOUT, () => jar.look(), { of: taken.call });
      if (dice === 8) await calls.make('other', TIMEOUT, () => pantry.store(jar), { of: taken.call });
      // Asked for once more and given back in one turn: the release is on its way when the next grant is made.
      if (more > 0) taking = take(dice);
      await manager.release(jar);
    }
  };
  await again(game, 40, async () => {
    await Promise.all(Array.from({ length: 1 + random.below(4) }, once));
  });
  await calls.make('other', TIMEOUT, () => pantry.empty());
  await manager.release(pantry);
}
