import { Random } from '../workers/random.js';
import { MEDIA, type MediumName } from './medium.js';

/** What can go wrong, and how long it lasts: in parts of a lease, from and to. */
export const FAULTS = {
  processes: {
    'application killed': [0, 0.5],
    'application paused shortly': [0.1, 0.55],
    'application paused for long': [1.2, 1.9],
    'application blocked shortly': [0.1, 0.55],
    'application blocked for long': [1.2, 1.9],
    'application’s clock set': [0.2, 1],
    'server paused shortly': [0.1, 0.55],
    'server paused for long': [1.1, 1.6],
    'server blocked for long': [1.1, 1.6],
    'server’s clock set': [0.2, 1],
    'server closed': [0, 0.3],
    'server killed': [0, 0.5],
    'server replaced while it was paused': [0, 0.3],
  },
  medium: {
    'connections of all cut by Redis': [0, 0],
    'some connections cut by Redis': [0, 0],
    'way of an application cut': [0, 0],
    'way of an application half open, shortly': [0.1, 0.5],
    'way of an application half open, for long': [1.2, 1.8],
    'way of a server half open': [0.1, 0.5],
    'ways delayed': [0.2, 1],
    'Redis paused shortly': [0.1, 0.55],
    'Redis paused for long': [1.1, 1.6],
    'Redis restarted with its data': [0, 0],
    'Redis restarted without its data': [0, 0],
    'Redis out of memory': [0.2, 1.2],
    'Redis read-only': [0.2, 0.8],
    'Redis demands a password': [0.2, 0.8],
  },
  /** Of the medium, where that is a socket. */
  socket: {
    'connections of all cut': [0, 0],
    'some connections cut': [0, 0],
  },
} as const satisfies Record<string, Record<string, readonly [number, number]>>;

/** What cannot be over a socket, and why. */
const NOT_OVER_A_SOCKET: readonly (readonly [part: string, why: string])[] = [
  ['server replaced', 'an address is one server’s: who wants it while another has it, paused or not, is refused'],
  ['Redis', 'there is none; that the medium is paused, or gone with all that it had, is what happens to the server'],
];

export type Track = 'processes' | 'medium';
export type FaultName = { [G in keyof typeof FAULTS]: keyof (typeof FAULTS)[G] }[keyof typeof FAULTS];

/** The faults of a track that there are over a medium, in an order that does not change: by it a seed chooses. */
export function faultsOf(track: Track, over: MediumName): FaultName[] {
  const names = Object.keys(FAULTS[track]) as FaultName[];
  if (over === 'Redis') return names;
  const possible = names.filter((name) => !NOT_OVER_A_SOCKET.some(([part]) => name.includes(part)));
  return track === 'medium' ? [...possible, ...(Object.keys(FAULTS.socket) as FaultName[])] : possible;
}

/** The medium of a seed: one round in five is over a socket. Where only some faults are asked for, the one that has them. */
export function mediumOf(seed: number, only?: string): MediumName {
  const over = seed % 5 === 3 ? 'a socket' : 'Redis';
  const has = (medium: MediumName): boolean =>
    only === undefined ||
    [...faultsOf('processes', medium), ...faultsOf('medium', medium)].some((name) => name.includes(only));
  return has(over) ? over : (MEDIA.find(has) ?? over);
}

export interface Step {
  fault: FaultName;
  /** Ms of calm before it. */
  after: number;
  /** Ms that it lasts. */
  ms: number;
  /** A number that says whom it meets. */
  dice: number;
}

/** Calm between two faults of a track, in parts of a lease. */
const CALM = [0.2, 1.5] as const;

/** The faults of one track, one after the other, for ever: the same for the same seed. */
export function* schedule(
  { seed, lease, over }: { seed: number; lease: number; over: MediumName },
  track: Track,
  only?: string,
): Generator<Step, never> {
  const random = new Random(track === 'medium' ? seed : ~seed);
  const within = ([from, to]: readonly [number, number]): number =>
    Math.round(lease * (from + ((to - from) * random.below(1000)) / 1000));
  const names = faultsOf(track, over);
  const lengths: Partial<Record<FaultName, readonly [number, number]>> = { ...FAULTS[track], ...FAULTS.socket };
  const chosen = names.filter((name) => only === undefined || name.includes(only));
  for (;;) {
    const after = within(CALM);
    const fault = random.pick(chosen.length > 0 ? chosen : names) as FaultName;
    const dice = random.below(2 ** 30);
    yield { fault, after, ms: within(lengths[fault] ?? [0, 0]), dice };
  }
}
