/** An error as the checker needs it. */
export interface Failure {
  class: string;
  /** A `ManagerError`. */
  ours: boolean;
  fate: string | undefined;
  message: string;
}

/** What a call is for: the checker knows what must be true of each. */
export type Purpose = 'count' | 'put' | 'get' | 'take' | 'look' | 'other';

/** Something that happened in the process or at the server that `by` names, at a time of the clock that all share. */
export type Event = { at: number; by: string } & (
  | { kind: 'born' }
  /** A call leaves the hands of its user. What is put is named by the call. `of`: the call whose proxy it is made on. */
  | { kind: 'called'; call: string; what: Purpose; timeout: number; of?: string }
  /** `ran`: ms that the process had run since the call. */
  | { kind: 'answered'; call: string; ran: number; value?: unknown; queue?: string }
  | { kind: 'failed'; call: string; ran: number; error: Failure }
  /** A lock is wanted. Who is careless never looks whether it still has it. */
  | { kind: 'wanted'; hold: string; lock: string; careless: boolean }
  | { kind: 'held'; hold: string; fence: string }
  /** Just before something is written to the vault under the hold. */
  | { kind: 'acts'; hold: string }
  | { kind: 'let-go'; hold: string; error?: Failure }
  | { kind: 'status'; status: string }
  /** It was not run for so long by the machine, or did something else. */
  | { kind: 'lag'; ms: number }
  /** What never may be: an unhandled rejection, a warning of Node, a process that ended by itself. */
  | { kind: 'trouble'; text: string }
  /** From here on nothing of it is true any more: it was killed, or closed. */
  | { kind: 'over'; how: 'killed' | 'closed' | 'superseded' }
  /** In a server. */
  | { kind: 'listening'; server: string; generation: number }
  /** `late`: it had waited since its start, so that others may have come first. */
  | {
      kind: 'ran';
      call: string;
      object: string;
      session: string;
      generation: number;
      value: number;
      late: boolean;
    }
  | { kind: 'opened'; session: string; application: string }
  | { kind: 'ended'; session: string; application: string; reason: string }
  | { kind: 'log'; level: string; text: string }
  /** In the runner. `ms`: how long it is meant to last. */
  | { kind: 'fault'; fault: string; on: string; phase: 'begins' | 'ends'; ms: number }
);

export type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;

/** Ms of a clock that all processes of a machine have in common, and that nobody can set. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
