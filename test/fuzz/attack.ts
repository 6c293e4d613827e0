import { corpus, rewritten, type Kept } from './corpus.js';
import type { Dice } from './dice.js';
import type { Eavesdropper } from './eavesdropper.js';
import { controlFrame, dataFrame } from './frames.js';
import { mutate } from './mutators.js';

/** A frame that is about to be written, and where. */
export interface Shot {
  readonly to: 'server' | 'client';
  readonly inbox: string;
  readonly lane: 'frames' | 'beats';
  readonly bytes: Buffer;
}

const kept: readonly Kept[] = corpus();

/** A stranger who reads what one session says, and writes to both of its ends. Undefined until there is a session. */
export function shot(dice: Dice, ear: Eavesdropper): Shot | undefined {
  const to = dice.chance(0.6) ? 'server' : 'client';
  const inbox = to === 'server' ? ear.serverInbox : ear.clientInbox;
  if (inbox === '' || ear.session === '') return undefined;
  return { to, inbox, lane: dice.chance(0.75) ? 'frames' : 'beats', bytes: frame(dice, ear, to) };
}

function frame(dice: Dice, ear: Eavesdropper, to: 'server' | 'client'): Buffer {
  const turn = dice.below(100);
  if (turn < 50) return mutate(dice, known(dice, ear, to), known(dice, ear, dice.chance(0.9) ? to : 'client'));
  const made = turn < 80 ? dataFrame(dice, to, ear.seen(to)) : controlFrame(dice, ear.seen(to));
  if (dice.chance(0.1)) return mutate(dice, made, known(dice, ear, to));
  if (turn < 80) ear.wrote(to, to === 'server' ? 4 : 0);
  return made;
}

/** One that was seen, or one on record. */
function known(dice: Dice, ear: Eavesdropper, to: 'server' | 'client'): Buffer {
  const heard = ear.frames[to];
  if (heard.length > 0 && dice.chance(0.5)) return dice.pick(heard);
  return rewritten(dice.pick(kept).bytes, ear.seen(to));
}
