import { Random } from '../workers/random.js';

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
} as const satisfies Record<string, Record<string, readonly [number, number]>>;

export type Track = keyof typeof FAULTS;
export type FaultName = keyof (typeof FAULTS)['processes'] | keyof (typeof FAULTS)['medium'];

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
export function* schedule(seed: number, track: Track, lease: number, only?: string): Generator<Step, never> {
  const random = new Random(track === 'medium' ? seed : ~seed);
  const within = ([from, to]: readonly [number, number]): number =>
    Math.round(lease * (from + ((to - from) * random.below(1000)) / 1000));
  const names = Object.keys(FAULTS[track]) as FaultName[];
  const lengths: Partial<Record<FaultName, readonly [number, number]>> = FAULTS[track];
  const chosen = names.filter((name) => only === undefined || name.includes(only));
  for (;;) {
    const after = within(CALM);
    const fault = random.pick(chosen.length > 0 ? chosen : names) as FaultName;
    const dice = random.below(2 ** 30);
    yield { fault, after, ms: within(lengths[fault] ?? [0, 0]), dice };
  }
}
