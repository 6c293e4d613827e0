import { setTimeout as sleep } from 'node:timers/promises';
import type { Manager } from 'nestjs-manager';
import type { Random } from '../../../workers/dist/random.js';
import type { Calls } from './calls.js';
import type { Recorder } from './recorder.js';
import type { Vault } from './vault.js';

/** What the loops of a player have in common. */
export interface Game {
  readonly manager: Manager;
  readonly calls: Calls;
  readonly recorder: Recorder;
  readonly vault: Vault;
  readonly random: Random;
  /** Fires at the end of the game. */
  readonly over: AbortSignal;
}

/** Ms that a call is given: now less than a lease, now more. */
export function timeoutOf({ random }: Game): number {
  return random.pick([800, 2000, 6000]) as number;
}

/** Does something again and again until the game is over, with a pause of up to `longest` ms between. */
export async function again(game: Game, longest: number, turn: () => Promise<void>): Promise<void> {
  while (!game.over.aborted) {
    await turn();
    await sleep(1 + game.random.below(longest));
  }
}

/** What is asked for until it is to be had; undefined where the game ended first. */
export async function insist<R>(game: Game, what: () => Promise<R>): Promise<R | undefined> {
  while (!game.over.aborted) {
    const made = await game.calls.make('other', 6000, what);
    if (made) return made.value;
    await sleep(50);
  }
  return undefined;
}
