import type { Queue, SharedProxy } from 'nestjs-manager';
import { again, insist, timeoutOf, type Game } from './game.js';

/** Items that the queue of a server holds before who puts must wait. */
const SIZE = 20;

function queueOf(game: Game, server: string): Promise<SharedProxy<Queue<string>> | undefined> {
  return insist(game, () => game.manager.at(server).named(`queue ${server}`).queue<string>(SIZE));
}

/** Puts items, each of which has the name of the call that put it. */
export async function produce(game: Game, server: string): Promise<void> {
  const { manager, calls } = game;
  const queue = await queueOf(game, server);
  if (!queue) return;
  await again(game, 40, async () => {
    const timeout = timeoutOf(game);
    const proxy = manager.with(queue, { timeout });
    await calls.make('put', timeout, (call) => proxy.put(call), { queue: () => objectOf(game, queue) });
  });
  await manager.release(queue);
}

/** Takes items; now and then it does not wait for one any more when it comes. */
export async function consume(game: Game, server: string): Promise<void> {
  const { manager, calls, random } = game;
  const queue = await queueOf(game, server);
  if (!queue) return;
  await again(game, 20, async () => {
    const timeout = random.below(4) === 0 ? 1 + random.below(300) : timeoutOf(game);
    const proxy = manager.with(queue, { timeout });
    await calls.make('get', timeout, () => proxy.get({ timeout: 700 }), { queue: () => objectOf(game, queue) });
  });
  await manager.release(queue);
}

function objectOf({ manager }: Game, queue: SharedProxy<Queue<string>>): string | undefined {
  const token = manager.token(queue);
  return token && `${token.generation}#${token.id}`;
}
